(*= args = ["a b", "--flag", "é"] *)
(*= stdout = "a b|--flag|é\n" *)
let () =
  Array.to_list Sys.argv |> List.tl |> String.concat "|" |> print_endline
