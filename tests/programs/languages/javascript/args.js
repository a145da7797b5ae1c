//= args = ["a b", "--flag", "é"]
//= stdout = "a b|--flag|é\n"
console.log(process.argv.slice(2).join("|"));
