/** A first program in each language that is known here: it greets, and squares some numbers. */

import type { SourceFile } from '../shared/types';

const EXAMPLES: Record<string, [path: string, text: string]> = {
  python: ['main.py', `def square(n):
    return n * n


print("Hello from Python!")
for n in range(1, 6):
    print(f"{n} squared is {square(n)}")
`],
  c: ['main.c', `#include <stdio.h>

int square(int n) {
    return n * n;
}

int main(void) {
    puts("Hello from C!");
    for (int n = 1; n <= 5; n++) {
        printf("%d squared is %d\\n", n, square(n));
    }
    return 0;
}
`],
  cpp: ['main.cpp', `#include <iostream>
#include <vector>

int square(int n) {
    return n * n;
}

int main() {
    std::cout << "Hello from C++!\\n";
    for (int n : std::vector{1, 2, 3, 4, 5}) {
        std::cout << n << " squared is " << square(n) << '\\n';
    }
}
`],
  java: ['Main.java', `public class Main {
    static int square(int n) {
        return n * n;
    }

    public static void main(String[] args) {
        System.out.println("Hello from Java!");
        for (int n = 1; n <= 5; n++) {
            System.out.println(n + " squared is " + square(n));
        }
    }
}
`],
  javascript: ['main.js', `const square = (n) => n * n;

console.log("Hello from JavaScript!");
for (let n = 1; n <= 5; n++) {
  console.log(\`\${n} squared is \${square(n)}\`);
}
`],
  typescript: ['main.ts', `const square = (n: number): number => n * n;

console.log("Hello from TypeScript!");
for (let n = 1; n <= 5; n++) {
  console.log(\`\${n} squared is \${square(n)}\`);
}
`],
  go: ['main.go', `package main

import "fmt"

func square(n int) int {
	return n * n
}

func main() {
	fmt.Println("Hello from Go!")
	for n := 1; n <= 5; n++ {
		fmt.Printf("%d squared is %d\\n", n, square(n))
	}
}
`],
  rust: ['main.rs', `fn square(n: u32) -> u32 {
    n * n
}

fn main() {
    println!("Hello from Rust!");
    for n in 1..=5 {
        println!("{n} squared is {}", square(n));
    }
}
`],
  ruby: ['main.rb', `def square(n)
  n * n
end

puts "Hello from Ruby!"
(1..5).each { |n| puts "#{n} squared is #{square(n)}" }
`],
  php: ['main.php', `<?php
function square(int $n): int
{
    return $n * $n;
}

echo "Hello from PHP!\\n";
foreach (range(1, 5) as $n) {
    echo "$n squared is " . square($n) . "\\n";
}
`],
  perl: ['main.pl', `use strict;
use warnings;

sub square { my ($n) = @_; return $n * $n }

print "Hello from Perl!\\n";
print "$_ squared is ", square($_), "\\n" for 1 .. 5;
`],
  lua: ['main.lua', `local function square(n)
  return n * n
end

print("Hello from Lua!")
for n = 1, 5 do
  print(n .. " squared is " .. square(n))
end
`],
  bash: ['main.sh', `square() {
  echo $(($1 * $1))
}

echo "Hello from Bash!"
for n in 1 2 3 4 5; do
  echo "$n squared is $(square "$n")"
done
`],
  haskell: ['Main.hs', `square :: Int -> Int
square n = n * n

main :: IO ()
main = do
  putStrLn "Hello from Haskell!"
  mapM_ (\\n -> putStrLn (show n ++ " squared is " ++ show (square n))) [1 .. 5]
`],
  ocaml: ['main.ml', `let square n = n * n

let () =
  print_endline "Hello from OCaml!";
  for n = 1 to 5 do
    Printf.printf "%d squared is %d\\n" n (square n)
  done
`],
  pascal: ['main.pas', `program Main;

function Square(n: Integer): Integer;
begin
  Square := n * n;
end;

var
  n: Integer;
begin
  WriteLn('Hello from Pascal!');
  for n := 1 to 5 do
    WriteLn(n, ' squared is ', Square(n));
end.
`],
  fortran: ['main.f90', `program main
  implicit none
  integer :: n

  print '(a)', 'Hello from Fortran!'
  do n = 1, 5
    print '(i0, a, i0)', n, ' squared is ', square(n)
  end do

contains

  integer function square(n)
    integer, intent(in) :: n
    square = n * n
  end function square
end program main
`],
  csharp: ['Main.cs', `using System;

class Program
{
    static int Square(int n) => n * n;

    static void Main()
    {
        Console.WriteLine("Hello from C#!");
        for (int n = 1; n <= 5; n++)
        {
            Console.WriteLine($"{n} squared is {Square(n)}");
        }
    }
}
`],
  kotlin: ['Main.kt', `fun square(n: Int) = n * n

fun main() {
    println("Hello from Kotlin!")
    for (n in 1..5) {
        println("$n squared is \${square(n)}")
    }
}
`],
  scala: ['Main.scala', `object Main {
  def square(n: Int): Int = n * n

  def main(args: Array[String]): Unit = {
    println("Hello from Scala!")
    for (n <- 1 to 5) println(s"$n squared is \${square(n)}")
  }
}
`],
  swift: ['main.swift', `func square(_ n: Int) -> Int {
    return n * n
}

print("Hello from Swift!")
for n in 1...5 {
    print("\\(n) squared is \\(square(n))")
}
`],
  r: ['main.R', `square <- function(n) n * n

cat("Hello from R!\\n")
for (n in 1:5) {
  cat(n, "squared is", square(n), "\\n")
}
`],
  julia: ['main.jl', `square(n) = n * n

println("Hello from Julia!")
for n in 1:5
    println("$n squared is $(square(n))")
end
`],
  prolog: ['main.pl', `square(N, S) :- S is N * N.

main :-
    writeln('Hello from Prolog!'),
    forall(between(1, 5, N),
           (square(N, S), format("~w squared is ~w~n", [N, S]))).

:- initialization(main).
`],
  sqlite: ['main.sql', `SELECT 'Hello from SQLite!';

WITH RECURSIVE numbers(n) AS (
  SELECT 1
  UNION ALL
  SELECT n + 1 FROM numbers WHERE n < 5
)
SELECT n || ' squared is ' || n * n FROM numbers;
`],
  assembly: ['main.asm', `; x86-64, Linux
        global  _start

        section .rodata
message:
        db      "Hello from assembly!", 10
length  equ     $ - message

        section .text
_start:
        mov     eax, 1                  ; write(1, message, length)
        mov     edi, 1
        lea     rsi, [rel message]
        mov     edx, length
        syscall
        mov     eax, 60                 ; exit(0)
        xor     edi, edi
        syscall
`],
};

const ALIASES: Record<string, string> = { asm: 'assembly', luajit: 'lua', sql: 'sqlite', sh: 'bash', node: 'javascript', js: 'javascript', ts: 'typescript', 'c++': 'cpp', 'c#': 'csharp' };

/** The first program in a language; an empty file where it is not known here. A version, like `cpp20`, has its language's. */
export function example(language: string, extension: string | undefined): SourceFile {
  const base = language.replace(/[-\d.]+$/, '').replace(/-gcc$/, '');
  const names = [language, ALIASES[language], base, ALIASES[base]];
  const found = names.map((name) => EXAMPLES[name ?? '']).find((known) => known !== undefined);
  const [path, content] = found ?? [`main.${extension ?? 'txt'}`, ''];
  return { path, content };
}
