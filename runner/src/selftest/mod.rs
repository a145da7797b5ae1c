//! The self-test: hostile programs, run against this very host before it takes anybody's job.
//!
//! ```text
//! attack ── what a program tries and how that has to end, from the head of its source
//! trial  ── runs it as the job it is, then the next job in the same sandbox
//! judge  ── compares; pure
//! host   ── what nothing may have changed
//! record ── results of earlier tests, by the make of the sandbox
//! ```

pub mod attack;
pub mod command;
mod host;
pub(crate) mod judge;
mod record;
pub(crate) mod trial;

use std::time::Instant;

use futures_util::StreamExt;
use protocol::Timestamp;
use protocol::runner::SelfTest;
use serde::Serialize;

pub use self::record::{RecordError, Records};

use self::attack::Attack;
use self::host::HostState;
use crate::sandbox::verdict::milliseconds;
use crate::worker::Workshop;

/// The name under which a change of the host is reported beside the attacks.
const HOST: &str = "host";

/// How an attack went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// Its name.
    pub name: String,
    /// What it tried.
    pub attack: String,
    /// In which language.
    pub language: String,
    /// What was not as it has to be; empty where the sandbox withstood.
    pub complaints: Vec<String>,
    /// How long it took, what was looked at afterwards included, in milliseconds.
    pub took_ms: u64,
}

/// How all of them went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// In short.
    pub summary: SelfTest,
    /// How long they took together, in milliseconds.
    pub took_ms: u64,
    /// Each of them, in the order in which they ended.
    pub trials: Vec<Trial>,
}

impl Outcome {
    /// What was not as it has to be, a line each.
    pub fn complaints(&self) -> Vec<String> {
        let failed = self.trials.iter().filter(|trial| !trial.complaints.is_empty());
        failed.map(|trial| format!("{}: {}", trial.name, trial.complaints.join("; "))).collect()
    }
}

/// Tries these attacks, so many at a time. `ended` is told of each.
pub async fn run(attacks: &[(Workshop, Attack)], at_once: usize, mut ended: impl FnMut(&Trial)) -> Outcome {
    let since = Instant::now();
    let before = HostState::read();
    let mut trials = Vec::new();
    let attempts: Vec<_> = attacks.iter().map(|(workshop, attack)| one(workshop, attack)).collect();
    let mut attempts = futures_util::stream::iter(attempts).buffer_unordered(at_once.max(1));
    while let Some(trial) = attempts.next().await {
        ended(&trial);
        trials.push(trial);
    }
    trials.push(unchanged(&before, &HostState::read()));
    let failed = trials.iter().filter(|trial| !trial.complaints.is_empty());
    let summary = SelfTest {
        at: Timestamp::now(),
        attacks: attacks.len() as u32,
        failed: failed.map(|trial| trial.name.clone()).collect(),
    };
    Outcome { summary, took_ms: milliseconds(since.elapsed()), trials }
}

async fn one(workshop: &Workshop, attack: &Attack) -> Trial {
    let since = Instant::now();
    let seen = trial::attempt(workshop, attack).await;
    Trial {
        name: attack.name.clone(),
        attack: attack.purpose.clone(),
        language: attack.spec.language.clone(),
        complaints: judge::complaints(&attack.expected, &seen),
        took_ms: milliseconds(since.elapsed()),
    }
}

fn unchanged(before: &HostState, after: &HostState) -> Trial {
    let changed = before.changed(after);
    Trial {
        name: HOST.to_owned(),
        attack: "Any of the others may have changed a setting of the host.".to_owned(),
        language: String::new(),
        complaints: changed.iter().map(|path| format!("{path} is not what it was")).collect(),
        took_ms: 0,
    }
}

/// All attacks that there is a workshop for.
///
/// # Errors
/// [`attack::HeadError`]; never, as a test holds.
pub fn attacks(
    workshop: impl Fn(&str) -> Option<Workshop>,
) -> Result<Vec<(Workshop, Attack)>, attack::HeadError> {
    let attacks = attack::built_in()?.into_iter();
    Ok(attacks.filter_map(|attack| Some((workshop(&attack.spec.language)?, attack))).collect())
}
