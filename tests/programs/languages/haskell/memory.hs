-- = verdict = "memory_exceeded"
-- = limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
main :: IO ()
main = do
  let numbers = [1 ..] :: [Integer]
  print (length (takeWhile (> 0) numbers))
  print (sum numbers)
