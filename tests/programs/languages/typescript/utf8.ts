//= stdin = "naïve 日本 🐝\n"
//= stdout = "wörld 🐝 naïve 日本 🐝\n"
import { readFileSync } from "fs";

process.stdout.write(`wörld 🐝 ${readFileSync(0, "utf8")}`);
