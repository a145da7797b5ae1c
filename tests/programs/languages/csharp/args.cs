//= args = ["a b", "--flag", "é"]
//= stdout = "a b|--flag|é\n"
using System;

class Program {
    static void Main(string[] args) {
        Console.WriteLine(string.Join("|", args));
    }
}
