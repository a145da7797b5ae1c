//= verdict = "cpu_time_exceeded"
//= limits = { cpu_seconds = 0.5 }
fn main() {
    let mut i = 0_u64;
    loop {
        i = std::hint::black_box(i + 1);
    }
}
