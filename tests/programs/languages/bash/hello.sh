#= stdout = "hello\n"
echo hello
