#= stdin = "one\ntwo\n"
#= stdout = "one\ntwo\n"
while IFS= read -r line; do
  printf '%s\n' "$line"
done
