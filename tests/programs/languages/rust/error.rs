//= verdict = "compile_error"
//= says = "error.rs:5"
fn main() {
    let x = 1;
    let y: i32 = "one";
}
