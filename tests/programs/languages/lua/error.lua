-- = verdict = "runtime_error"
-- = says = "error.lua:5"
print("not reached")

if true print(2) end
