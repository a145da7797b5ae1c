//= stdout = "hello\n"
console.log("hello");
