-- = verdict = "runtime_error"
-- = exit_code = 7
-- = stdout = "before\n"
import System.Exit (ExitCode (ExitFailure), exitWith)

main :: IO ()
main = putStrLn "before" >> exitWith (ExitFailure 7)
