//! A change of the page's build is a change of the binary that holds it.

fn main() {
    println!("cargo:rerun-if-changed=web/dist");
}
