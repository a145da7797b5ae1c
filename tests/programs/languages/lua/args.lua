-- = args = ["a b", "--flag", "é"]
-- = stdout = "a b|--flag|é\n"
print(table.concat(arg, "|"))
