//= stdin = "naïve 日本 🐝\n"
//= stdout = "wörld 🐝 naïve 日本 🐝\n"
program utf8;

var
  line: string;

begin
  readln(line);
  writeln('wörld 🐝 ', line);
end.
