//! Chaos in short; `make chaos` is the long form.

#![allow(clippy::panic, reason = "a test may fail")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tests::chaos::{Scale, run};

/// Another one each time; a failure prints it.
fn seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64 % 1_000_000)
}

#[test]
fn every_accepted_job_has_one_verdict_whatever_breaks() {
    let time = Duration::from_secs(15);
    let scale = Scale { controllers: 3, runners: 4, clients: 16, postgres: true, time, seed: seed() };
    match run(&scale) {
        Ok(report) => println!("{report}"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn with_everything_in_memory_runners_and_links_may_break() {
    let time = Duration::from_secs(8);
    let scale = Scale { controllers: 1, runners: 3, clients: 6, postgres: false, time, seed: seed() };
    match run(&scale) {
        Ok(report) => println!("{report}"),
        Err(error) => panic!("{error}"),
    }
}
