#= stdin = "naïve 日本 🐝\n"
#= stdout = "wörld 🐝 naïve 日本 🐝\n"
print "wörld 🐝 ", STDIN.gets
