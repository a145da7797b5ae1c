#= verdict = "memory_exceeded"
#= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
hoard=xxxxxxxxxxxxxxxx
while :; do hoard=$hoard$hoard; done
