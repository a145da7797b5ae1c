(*= verdict = "memory_exceeded" *)
(*= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 } *)
let rec grow hoard = grow (Bytes.make 1048576 'x' :: hoard)

let () = ignore (grow [])
