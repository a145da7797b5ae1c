#= stdin = "one\ntwo\n"
#= stdout = "one\ntwo\n"
STDIN.each_line { |line| print line }
