//! The layout's rules: who may depend on whom, and that each third-party crate has one home.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tests::root;

/// Each crate with the crates of this workspace that it may see.
const ALLOWED: [(&str, &[&str]); 6] = [
    ("protocol", &[]),
    ("agent", &["protocol"]),
    ("runner", &["protocol", "agent"]),
    ("controller", &["protocol"]),
    ("cli", &["protocol"]),
    ("tests", &["protocol", "agent", "runner", "controller", "cli"]),
];

/// Each third-party crate with the only places that may name it.
const HOMES: [(&str, &[&str]); 20] = [
    ("argon2", &["controller/src/identity/password.rs"]),
    ("axum", &["controller/src/http"]),
    (
        "bollard",
        &[
            "runner/src/docker.rs",
            "runner/src/sandbox/docker.rs",
            "runner/src/images",
            "runner/src/images.rs",
        ],
    ),
    (
        "clap",
        &[
            "cli/src/args",
            "cli/src/commands/completions.rs",
            "cli/src/lib.rs",
            "controller/src/config",
            "controller/src/main.rs",
            "controller/src/simulation/options.rs",
            "runner/src/config",
            "runner/src/main.rs",
        ],
    ),
    ("deadpool_postgres", &["controller/src/store/postgres"]),
    ("flate2", &["protocol/src/archive"]),
    ("hmac", &["controller/src/callbacks/signature.rs"]),
    (
        "indicatif",
        &[
            "cli/src/bar.rs",
            "runner/src/conformance",
            "runner/src/doctor",
            "runner/src/images",
            "runner/src/selftest",
        ],
    ),
    ("rpassword", &["cli/src/terminal.rs"]),
    (
        "rust_embed",
        &[
            "controller/src/http/page.rs",
            "runner/src/conformance/case.rs",
            "runner/src/images/recipes.rs",
            "runner/src/selftest/attack.rs",
        ],
    ),
    ("rustls_native_certs", &["controller/src/callbacks/dial.rs"]),
    ("rusqlite", &["controller/src/store/sqlite"]),
    ("tokio_postgres", &["controller/src/store/postgres"]),
    ("rcgen", &["controller/src/identity", "runner/src/membership"]),
    ("rustls", &["protocol/src/tls"]),
    (
        "tokio_rustls",
        &[
            "cli/src/dial.rs",
            "controller/src/callbacks/dial.rs",
            "controller/src/encryption",
            "controller/src/identity",
            "controller/src/store/postgres/tls.rs",
            "runner/src/link/dial.rs",
            "runner/src/membership",
        ],
    ),
    ("url", &["controller/src/callbacks/target.rs"]),
    ("x509_parser", &["controller/src/identity"]),
    ("zstd", &["controller/src/store/codec.rs"]),
    ("sysinfo", &["runner/src/telemetry.rs", "runner/src/lib.rs"]),
];

#[test]
fn crates_depend_on_each_other_in_one_direction() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    assert_eq!(ours, ALLOWED.iter().map(|(name, _)| *name).collect(), "every crate has its line here");
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let (_, allowed) = ALLOWED.iter().find(|(known, _)| *known == name).unwrap();
        for dependency in package["dependencies"].as_array().unwrap() {
            // The harness may be used in anybody's tests.
            let harness = dependency["name"] == "tests" && dependency["kind"] == "dev";
            let dependency = dependency["name"].as_str().unwrap();
            let forbidden = !harness && ours.contains(dependency) && !allowed.contains(&dependency);
            assert!(!forbidden, "{name} may not depend on {dependency}");
        }
    }
}

#[test]
fn each_third_party_crate_has_one_home() {
    let product = ["protocol", "controller", "runner", "cli"];
    let sources: Vec<PathBuf> =
        product.iter().flat_map(|krate| rust_files(&root().join(krate).join("src"))).collect();
    assert!(sources.len() > 50, "the sources were found");
    for (krate, homes) in HOMES {
        for source in &sources {
            let path = source.strip_prefix(root()).unwrap();
            let at_home =
                homes.iter().any(|home| path.starts_with(home) || path == Path::new(&format!("{home}.rs")));
            let text = fs::read_to_string(source).unwrap();
            let named = text.lines().any(|line| names(line, krate));
            assert!(at_home || !named, "{} names {krate}, whose home is {homes:?}", path.display());
        }
    }
}

#[test]
fn inside_the_controller_no_arrow_runs_back_up() {
    let source = root().join("controller/src");
    for (module, forbidden) in [
        (
            "scheduler",
            &["store", "live", "fleet", "jobs", "http", "tcp", "dispatch", "backlog", "roster"][..],
        ),
        ("store", &["live", "fleet", "jobs", "http", "tcp", "dispatch"][..]),
        ("encryption", &["store", "live", "fleet", "jobs", "http", "tcp", "dispatch", "wire"]),
        ("live", &["store", "fleet", "jobs", "http", "tcp", "dispatch"][..]),
        ("callbacks", &["live", "fleet", "jobs", "http", "tcp", "dispatch", "scheduler"]),
        ("jobs", &["http", "tcp"][..]),
        ("identity", &["http", "tcp", "jobs", "fleet", "live", "dispatch", "scheduler"][..]),
        ("fleet", &["http", "tcp", "jobs"][..]),
        ("http", &["store", "tcp", "dispatch"][..]),
        ("tcp", &["store", "http", "dispatch"][..]),
    ] {
        let folder = rust_files(&source.join(module));
        let file = source.join(format!("{module}.rs"));
        let files: Vec<PathBuf> = folder.into_iter().chain(file.exists().then_some(file)).collect();
        assert!(!files.is_empty(), "the controller has a module {module}");
        for path in files.iter().filter(|path| !path.ends_with("tests.rs")) {
            let text = fs::read_to_string(path).unwrap();
            for other in forbidden {
                let uses = text.contains(&format!("crate::{other}::"))
                    || text.contains(&format!("use crate::{other};"));
                assert!(!uses, "{} reaches up to {other}", path.display());
            }
        }
    }
}

/// Whether a line of code names a crate.
fn names(line: &str, krate: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let path = format!("{krate}::");
    let mut found = code.match_indices(&path);
    found.any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':')))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let nested = paths.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] });
    nested.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}
