#= verdict = "memory_exceeded"
#= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
hoard = []
while True:
    hoard.append(bytearray(1 << 20))
