//= path = "main.rs"
//= stdout = "42\n"
//= files."lib.rs" = "pub fn twice(n: i32) -> i32 { 2 * n }\n"
mod lib;

fn main() {
    println!("{}", lib::twice(21));
}
