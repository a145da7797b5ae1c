//= args = ["a b", "--flag", "é"]
//= stdout = "a b|--flag|é\n"
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    println!("{}", args.join("|"));
}
