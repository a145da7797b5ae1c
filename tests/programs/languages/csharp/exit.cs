//= verdict = "runtime_error"
//= exit_code = 7
//= stdout = "before\n"
using System;

class Program {
    static int Main() {
        Console.WriteLine("before");
        return 7;
    }
}
