(*= verdict = "runtime_error" *)
(*= exit_code = 7 *)
(*= stdout = "before\n" *)
let () =
  print_endline "before";
  exit 7
