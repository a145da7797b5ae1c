--= verdict = "runtime_error"
--= exit_code = 1
--= says = "line 5"
SELECT 1 WHERE 0;

SELEC 2;
