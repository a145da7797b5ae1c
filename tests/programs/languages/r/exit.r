#= verdict = "runtime_error"
#= exit_code = 7
#= stdout = "before\n"
cat("before\n")
quit(status = 7)
