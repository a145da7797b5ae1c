//= stdin = "one\ntwo\n"
//= stdout = "one\ntwo\n"
import * as readline from "readline";

readline.createInterface({ input: process.stdin }).on("line", (line: string) => console.log(line));
