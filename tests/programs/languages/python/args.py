#= args = ["a b", "--flag", "é"]
#= stdout = "a b|--flag|é\n"
import sys

print("|".join(sys.argv[1:]))
