//= stdin = "one\ntwo\n"
//= stdout = "one\ntwo\n"
fn main() {
    for line in std::io::stdin().lines() {
        println!("{}", line.unwrap());
    }
}
