//= verdict = "runtime_error"
//= exit_code = 7
//= stdout = "before\n"
console.log("before");
process.exit(7);
