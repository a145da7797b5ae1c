-- = verdict = "runtime_error"
-- = exit_code = 7
-- = stdout = "before\n"
print("before")
os.exit(7)
