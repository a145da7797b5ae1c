//= verdict = "compile_error"
//= says = "error.pas(9,"
program wrong;

var
  x: integer;

begin
  x := 'one';
end.
