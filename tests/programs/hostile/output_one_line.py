#= attack = "Writes one endless line, for whoever waits for its end before counting."
#= verdict = "output_exceeded"
#= limits = { output_bytes = 65536, cpu_seconds = 2.0, wall_seconds = 3.0 }
while True:
    print("x" * 1000, end="")
