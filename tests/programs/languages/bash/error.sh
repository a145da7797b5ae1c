#= verdict = "runtime_error"
#= exit_code = 2
#= says = "line 6"
true

if then echo 2
