#= verdict = "runtime_error"
#= exit_code = 7
#= stdout = "before\n"
import sys

print("before")
sys.exit(7)
