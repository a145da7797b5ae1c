#= verdict = "runtime_error"
#= exit_code = 1
#= says = "6:12"
x <- 1

if (x == 1 cat(2)
