//= stdout = "hello\n"
const greeting: string = "hello";
console.log(greeting);
