#= verdict = "runtime_error"
#= says = "line 5"
print "not reached\n";

if (1 { print 2 }
