#= attack = "A list that grows until memory runs out; the error, were there one, is caught."
#= verdict = "memory_exceeded"
#= limits = { memory_bytes = 67108864, cpu_seconds = 2.0, wall_seconds = 3.0 }
hoard = []
while True:
    try:
        hoard.append(bytearray(b"x" * (1 << 20)))
    except MemoryError:
        pass
