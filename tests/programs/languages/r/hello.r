#= stdout = "hello\n"
cat("hello\n")
