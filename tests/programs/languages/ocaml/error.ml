(*= verdict = "compile_error" *)
(*= says = "line 5" *)
let () =
  let x = 1 in
  print_endline x
