//! Which seeds to run: see `make simulate`.

use clap::Parser;

/// What the environment says; a test has no arguments of its own.
#[derive(Debug, Parser)]
pub struct Options {
    /// How many seeds
    #[arg(long, env = "RUCHE_SIMULATE_SEEDS", default_value_t = 200)]
    pub seeds: u64,
    /// The first of them
    #[arg(long, env = "RUCHE_SIMULATE_FIRST", default_value_t = 1)]
    pub first: u64,
    /// This one alone, with all that happens in it
    #[arg(long, env = "RUCHE_SIMULATE_SEED")]
    pub seed: Option<u64>,
}

impl Options {
    /// What the environment says.
    pub fn read() -> Self {
        Self::parse_from(["simulate"])
    }
}
