//= verdict = "runtime_error"
//= exit_code = 7
//= stdout = "before\n"
program leaves;

begin
  writeln('before');
  halt(7);
end.
