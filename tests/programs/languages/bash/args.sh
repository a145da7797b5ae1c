#= args = ["a b", "--flag", "é"]
#= stdout = "a b|--flag|é\n"
IFS='|'
printf '%s\n' "$*"
