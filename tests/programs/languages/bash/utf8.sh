#= stdin = "naïve 日本 🐝\n"
#= stdout = "wörld 🐝 naïve 日本 🐝\n"
read -r line
echo "wörld 🐝 $line"
