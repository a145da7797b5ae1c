//= stdout = "hello\n"
fn main() {
    println!("hello");
}
