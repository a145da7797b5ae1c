-- = verdict = "runtime_error"
-- = exit_code = 7
-- = stdout = "before\n"
SELECT 'before';
.exit 7
