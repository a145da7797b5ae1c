//! The floor: the program without anything around it but a parent that reads its output and waits.

use std::process::{Command, Stdio};

/// Starts `true`, reads both outputs to their ends, and waits.
pub fn run() {
    let output = Command::new("/bin/true").stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success());
}
