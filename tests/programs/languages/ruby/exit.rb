#= verdict = "runtime_error"
#= exit_code = 7
#= stdout = "before\n"
puts "before"
exit 7
