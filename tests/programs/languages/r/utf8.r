#= stdin = "naïve 日本 🐝\n"
#= stdout = "wörld 🐝 naïve 日本 🐝\n"
cat("wörld 🐝 ", readLines("stdin"), "\n", sep = "")
