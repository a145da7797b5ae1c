(*= stdout = "hello\n" *)
let () = print_endline "hello"
