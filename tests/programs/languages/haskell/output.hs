-- = verdict = "output_exceeded"
-- = limits = { output_bytes = 65536 }
-- = says = "all work and no play"
main :: IO ()
main = putStrLn "all work and no play makes jack a dull boy" >> main
