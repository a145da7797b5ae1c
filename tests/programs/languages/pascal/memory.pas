//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
program hoards;

var
  piece: pointer;

begin
  while true do
  begin
    GetMem(piece, 1048576);
    FillChar(piece^, 1048576, 1);
  end;
end.
