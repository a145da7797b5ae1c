#= stdout = "hello\n"
puts "hello"
