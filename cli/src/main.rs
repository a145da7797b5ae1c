//! The `cli` binary: reads the arguments, does what they say, ends with the matching status.

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
