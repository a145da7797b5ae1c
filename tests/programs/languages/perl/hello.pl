#= stdout = "hello\n"
print "hello\n";
