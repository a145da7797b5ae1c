//! Chaos for as long as is wanted: `cargo run --package tests --example chaos -- seconds=120 seed=7`.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tests::chaos::{Scale, run};

fn main() -> ExitCode {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64);
    let time = Duration::from_secs(120);
    let mut scale =
        Scale { controllers: 3, runners: 4, clients: 16, postgres: true, time, seed: seed % 1_000_000 };
    for word in std::env::args().skip(1) {
        if set(&mut scale, &word).is_none() {
            eprintln!(
                "error: {word:?} is none of seconds= seed= controllers= runners= clients= store=memory"
            );
            return ExitCode::from(2);
        }
    }
    eprintln!("seed={} for {} s", scale.seed, scale.time.as_secs());
    match run(&scale) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn set(scale: &mut Scale, word: &str) -> Option<()> {
    let (name, value) = word.split_once('=')?;
    match name {
        "seconds" => scale.time = Duration::from_secs(value.parse().ok()?),
        "seed" => scale.seed = value.parse().ok()?,
        "controllers" => scale.controllers = value.parse().ok().filter(|count| *count > 0)?,
        "runners" => scale.runners = value.parse().ok().filter(|count| *count > 0)?,
        "clients" => scale.clients = value.parse().ok()?,
        "store" if value == "memory" => (scale.postgres, scale.controllers) = (false, 1),
        _ => return None,
    }
    Some(())
}
