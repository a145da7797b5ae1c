#= stdout = "hello\n"
print("hello")
