-- = stdout = "hello\n"
main :: IO ()
main = putStrLn "hello"
