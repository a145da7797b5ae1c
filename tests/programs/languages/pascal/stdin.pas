//= stdin = "one\ntwo\n"
//= stdout = "one\ntwo\n"
program echo;

var
  line: string;

begin
  while not eof do
  begin
    readln(line);
    writeln(line);
  end;
end.
