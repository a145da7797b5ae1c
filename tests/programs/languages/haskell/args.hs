-- = args = ["a b", "--flag", "é"]
-- = stdout = "a b|--flag|é\n"
import Data.List (intercalate)
import System.Environment (getArgs)

main :: IO ()
main = getArgs >>= putStrLn . intercalate "|"
