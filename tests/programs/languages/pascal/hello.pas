//= stdout = "hello\n"
program hello;

begin
  writeln('hello');
end.
