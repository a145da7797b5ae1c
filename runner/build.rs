//! Builds the agent, the static binary that is PID 1 of every sandbox container, for the runner to embed.
//!
//! It needs other flags than the runner (fully static, small), so cargo is called once more, with a target
//! folder of its own and without what this build's environment would pass on to it.

#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script everything through its environment"
)]

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables that would make the inner build another one, by name or by how they begin.
const REMOVED: [&str; 13] = [
    "RUSTFLAGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_BUILD_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "OUT_DIR",
    "TARGET",
    "HOST",
    "PROFILE",
    "OPT_LEVEL",
    "DEBUG",
    "NUM_JOBS",
    "RUSTC_LINKER",
];
const REMOVED_PREFIXES: [&str; 4] = ["CARGO_FEATURE_", "CARGO_CFG_", "CARGO_PKG_", "DEP_"];

/// Program header type of an ELF file that names a dynamic loader.
const PT_INTERP: u32 = 3;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=agent/src");
    println!("cargo::rerun-if-changed=agent/Cargo.toml");
    println!("cargo::rerun-if-changed=../Cargo.lock");
    // Not read here: a new file in these folders has to be embedded too, which only a rebuild does.
    println!("cargo::rerun-if-changed=images");
    println!("cargo::rerun-if-changed=../tests/programs/hostile");
    println!("cargo::rerun-if-changed=../tests/programs/languages");

    let target = env::var("TARGET")?;
    let target_folder = PathBuf::from(env::var("OUT_DIR")?).join("agent-target");
    build(&target, &target_folder)?;
    let binary = target_folder.join(&target).join("agent").join("agent");
    refuse_dynamic(&binary)?;
    println!("cargo::rustc-env=AGENT_BINARY={}", binary.display());
    Ok(())
}

fn build(target: &str, target_folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut cargo = Command::new(env::var("CARGO")?);
    for (name, _) in env::vars() {
        let removed = REMOVED.contains(&name.as_str());
        if removed || REMOVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            cargo.env_remove(name);
        }
    }
    // 0x1f separates the flags in this variable.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", "-Ctarget-feature=+crt-static\u{1f}-Crelocation-model=static");
    cargo.args(["build", "--locked", "--package", "agent", "--bin", "agent", "--profile", "agent"]);
    cargo.arg("--target").arg(target).arg("--target-dir").arg(target_folder);
    let status = cargo.status()?;
    status.success().then_some(()).ok_or_else(|| format!("building the agent failed: {status}").into())
}

/// The sandbox images have different C libraries, or none: the agent must not need one.
fn refuse_dynamic(binary: &Path) -> Result<(), Box<dyn Error>> {
    let elf = std::fs::read(binary)?;
    let half = |at: usize| elf.get(at..at + 2).and_then(|b| b.try_into().ok()).map(u16::from_le_bytes);
    let word = |at: usize| elf.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
    let long = |at: usize| elf.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
    let (Some(start), Some(size), Some(count)) = (long(0x20), half(0x36), half(0x38)) else {
        return Err("the agent is not an ELF file".into());
    };
    let mut headers = (0..usize::from(count)).map(|index| start as usize + index * usize::from(size));
    match headers.any(|at| word(at) == Some(PT_INTERP)) {
        true => Err("the agent is linked dynamically: it needs crt-static".into()),
        false => Ok(()),
    }
}
