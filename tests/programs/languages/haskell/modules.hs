-- = path = "main.hs"
-- = stdout = "42\n"
-- = files."Numbers.hs" = "module Numbers (twice) where\n\ntwice :: Int -> Int\ntwice = (* 2)\n"
import Numbers (twice)

main :: IO ()
main = print (twice 21)
