-- = stdin = "naïve 日本 🐝\n"
-- = stdout = "wörld 🐝 naïve 日本 🐝\n"
main :: IO ()
main = do
  line <- getLine
  putStrLn ("wörld 🐝 " ++ line)
