//= stdout = "hello\n"
using System;

class Program {
    static void Main() {
        Console.WriteLine("hello");
    }
}
