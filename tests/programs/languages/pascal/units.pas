//= path = "main.pas"
//= stdout = "42\n"
//= files."numbers.pas" = "unit numbers;\n\ninterface\n\nfunction twice(n: integer): integer;\n\nimplementation\n\nfunction twice(n: integer): integer;\nbegin\n  twice := 2 * n;\nend;\n\nend.\n"
program units;

uses
  numbers;

begin
  writeln(twice(21));
end.
