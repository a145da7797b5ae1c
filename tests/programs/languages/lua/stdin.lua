-- = stdin = "one\ntwo\n"
-- = stdout = "one\ntwo\n"
for line in io.lines() do
  print(line)
end
