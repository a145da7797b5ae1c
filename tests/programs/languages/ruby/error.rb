#= verdict = "runtime_error"
#= says = "error.rb:5"
puts "not reached"

if true puts 2
