//= stdin = "one\ntwo\n"
//= stdout = "one\ntwo\n"
require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => console.log(line));
