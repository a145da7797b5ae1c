//= stdin = "naïve 日本 🐝\n"
//= stdout = "wörld 🐝 naïve 日本 🐝\n"
const line = require("fs").readFileSync(0, "utf8");
process.stdout.write(`wörld 🐝 ${line}`);
