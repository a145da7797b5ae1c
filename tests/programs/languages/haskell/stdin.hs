-- = stdin = "one\ntwo\n"
-- = stdout = "one\ntwo\n"
main :: IO ()
main = interact id
