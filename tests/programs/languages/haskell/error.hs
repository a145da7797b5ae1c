-- = verdict = "compile_error"
-- = says = "error.hs:5"
main :: IO ()
main = do
  putStrLn 1
