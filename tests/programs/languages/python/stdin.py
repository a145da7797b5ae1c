#= stdin = "one\ntwo\n"
#= stdout = "one\ntwo\n"
import sys

for line in sys.stdin:
    print(line, end="")
