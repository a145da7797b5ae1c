//= verdict = "output_exceeded"
//= limits = { output_bytes = 65536 }
//= says = "all work and no play"
using System;

class Program {
    static void Main() {
        while (true) Console.WriteLine("all work and no play makes jack a dull boy");
    }
}
