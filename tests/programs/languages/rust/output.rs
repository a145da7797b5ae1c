//= verdict = "output_exceeded"
//= limits = { output_bytes = 65536 }
//= says = "all work and no play"
fn main() {
    loop {
        println!("all work and no play makes jack a dull boy");
    }
}
