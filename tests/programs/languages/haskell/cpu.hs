-- = verdict = "cpu_time_exceeded"
-- = limits = { cpu_seconds = 0.5 }
spin :: Integer -> Integer
spin n = if n < 0 then n else spin (n + 1)

main :: IO ()
main = print (spin 0)
