//= verdict = "runtime_error"
//= says = "error.js:5"
console.log("not reached");

if (true console.log(2);
