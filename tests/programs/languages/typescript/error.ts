//= verdict = "compile_error"
//= says = "error.ts(4,7)"
const one: number = 1;
const two: number = "two";
