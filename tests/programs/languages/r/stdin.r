#= stdin = "one\ntwo\n"
#= stdout = "one\ntwo\n"
for (line in readLines("stdin")) cat(line, "\n", sep = "")
