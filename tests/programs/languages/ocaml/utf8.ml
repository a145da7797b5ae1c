(*= stdin = "naïve 日本 🐝\n" *)
(*= stdout = "wörld 🐝 naïve 日本 🐝\n" *)
let () = print_endline ("wörld 🐝 " ^ read_line ())
