#= stdin = "one\ntwo\n"
#= stdout = "one\ntwo\n"
print while <STDIN>;
