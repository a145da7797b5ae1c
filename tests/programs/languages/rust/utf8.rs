//= stdin = "naïve 日本 🐝\n"
//= stdout = "wörld 🐝 naïve 日本 🐝\n"
fn main() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    print!("wörld 🐝 {line}");
}
