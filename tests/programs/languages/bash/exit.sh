#= verdict = "runtime_error"
#= exit_code = 7
#= stdout = "before\n"
echo before
exit 7
