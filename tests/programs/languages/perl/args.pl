#= args = ["a b", "--flag", "é"]
#= stdout = "a b|--flag|é\n"
print join("|", @ARGV), "\n";
