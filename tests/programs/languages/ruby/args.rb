#= args = ["a b", "--flag", "é"]
#= stdout = "a b|--flag|é\n"
puts ARGV.join("|")
