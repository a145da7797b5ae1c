//= verdict = "cpu_time_exceeded"
//= limits = { cpu_seconds = 0.5 }
program spins;

begin
  while true do
    ;
end.
