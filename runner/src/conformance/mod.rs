//! Whether languages work here: programs of each, run in this host's sandboxes as the jobs they are.
//!
//! ```text
//! case    ── a program, and how it has to end, from the head of its source
//! judge   ── compares; pure
//! table   ── what people are shown
//! command ── `runner languages check`
//! ```

pub mod case;
pub mod command;
mod judge;
mod table;

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use self::case::Case;
use crate::report::queue;
use crate::sandbox::verdict::milliseconds;
use crate::selftest::judge::Seen;
use crate::selftest::trial::listen;
use crate::worker::{self, Worked, Workshop};

/// The case whose time is told.
const HELLO: &str = "hello";

/// How often it is run for that: the best counts, as the others waited for something.
const ROUNDS: usize = 3;

/// How a language did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What its toolchain says of its version.
    pub version: Option<String>,
    /// Its image's name.
    pub image: String,
    /// The image's size, in bytes.
    pub image_bytes: u64,
    /// How long it takes to say hello, from its job's coming to the verdict, in milliseconds.
    pub hello_ms: Option<u64>,
    /// Why it could not be tried at all, if so.
    pub trouble: Option<String>,
    /// Its programs, in alphabetical order.
    pub cases: Vec<Finding>,
}

/// How a program did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it proves.
    pub name: String,
    /// What went wrong, if anything.
    pub complaint: Option<String>,
}

impl Report {
    /// Whether it works, as far as that was tried.
    pub fn is_fine(&self) -> bool {
        self.trouble.is_none() && self.cases.iter().all(|case| case.complaint.is_none())
    }
}

/// Tries these programs of one language, so many at a time. Hello goes first and alone, for its time.
pub async fn run(workshop: &Workshop, cases: &[Case], at_once: usize) -> (Option<u64>, Vec<Finding>) {
    let (hello, others): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.name == HELLO);
    let mut findings = Vec::new();
    let mut best: Option<Duration> = None;
    for case in hello {
        for round in 0..ROUNDS {
            let (finding, took) = attempt(workshop, case).await;
            let failed = finding.complaint.is_some();
            best = (!failed).then(|| best.map_or(took, |best| best.min(took)));
            if failed || round + 1 == ROUNDS {
                findings.push(finding);
                break;
            }
        }
    }
    let others = others.into_iter().map(|case| async move { attempt(workshop, case).await.0 });
    findings.extend(
        futures_util::stream::iter(others).buffer_unordered(at_once.max(1)).collect::<Vec<_>>().await,
    );
    findings.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    (best.map(milliseconds), findings)
}

/// Runs a program as the job that it is.
async fn attempt(workshop: &Workshop, case: &Case) -> (Finding, Duration) {
    let (reporter, mut reports) = queue();
    let mut seen = Seen::default();
    let began = Instant::now();
    let work = async {
        let never = CancellationToken::new();
        let result = worker::execute(workshop, &case.spec, None, &reporter, &never).await;
        drop(reporter);
        (result, began.elapsed())
    };
    let ((result, took), ()) = tokio::join!(work, listen(&mut reports, &mut seen));
    match result {
        Err(error) => seen.verdict = Some(Err(error.to_string())),
        Ok(Worked { outcome, lease }) => {
            seen.verdict = Some(Ok(outcome.verdict));
            seen.stderr.extend(outcome.message.unwrap_or_default().bytes());
            if let Some(lease) = lease {
                lease.give_back();
            }
        }
    }
    (Finding { name: case.name.clone(), complaint: judge::complaint(&case.expected, &seen) }, took)
}
