//= verdict = "runtime_error"
//= exit_code = 7
//= stdout = "before\n"
fn main() {
    println!("before");
    std::process::exit(7);
}
