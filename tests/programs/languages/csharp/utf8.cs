//= stdin = "naïve 日本 🐝\n"
//= stdout = "wörld 🐝 naïve 日本 🐝\n"
using System;

class Program {
    static void Main() {
        Console.WriteLine("wörld 🐝 " + Console.ReadLine());
    }
}
