-- = verdict = "runtime_error"
-- = exit_code = 1
-- = says = "line 6"
SELECT 1 WHERE 0;

SELEC 2;
