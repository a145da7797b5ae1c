#= attack = "Pretends that it was killed for its memory: the words, and the exit code that shells and Docker give for it."
#= verdict = "runtime_error"
import sys

print("Killed")
print("Memory cgroup out of memory: Killed process 2 (python3)", file=sys.stderr)
sys.exit(137)
