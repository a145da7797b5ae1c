//= stdin = "one\ntwo\n"
//= stdout = "one\ntwo\n"
using System;

class Program {
    static void Main() {
        string line;
        while ((line = Console.ReadLine()) != null) Console.WriteLine(line);
    }
}
