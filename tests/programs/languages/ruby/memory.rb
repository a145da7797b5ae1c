#= verdict = "memory_exceeded"
#= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
hoard = []
loop { hoard << "x" * (1 << 20) }
