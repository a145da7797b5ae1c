#= verdict = "runtime_error"
#= says = "line 5"
print("not reached")

if True print(2)
