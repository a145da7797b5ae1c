#= args = ["a b", "--flag", "é"]
#= stdout = "a b|--flag|é\n"
cat(commandArgs(trailingOnly = TRUE), sep = "|")
cat("\n")
