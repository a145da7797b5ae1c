(*= path = "main.ml" *)
(*= stdout = "42" *)
(*= files."numbers.ml" = "let twice n = 2 * n\n" *)
let () = print_int (Numbers.twice 21)
