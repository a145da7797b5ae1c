//! What clients did and heard, job by job.

use std::fmt;
use std::time::{Duration, Instant};

/// How a client goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// `cli run` with streamed input: where it is cut off, its job may be stopped or end with its input's controller.
    Run,
    /// `cli run` with a file for input: where it is cut off, its job may be stopped.
    File,
    /// `cli run --detach`, then `cli watch`.
    Detach,
    /// HTTP with an idempotency key.
    Http,
}

/// What a client was told in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Its own answer.
    Right,
    /// That its job was stopped, or nothing it can rely on; the cluster knows better, if it took the job in.
    Nothing(String),
    /// That the cluster could not do it, and why.
    Failed(String),
    /// Somebody else's answer, or another verdict.
    Wrong(String),
}

/// One job, as its client saw it.
#[derive(Debug, Clone)]
pub struct History {
    /// What its program writes, and nobody else's.
    pub nonce: String,
    /// How it was submitted.
    pub door: Door,
    /// When, since the beginning.
    pub at: Duration,
    /// Its identifier, where the client was told.
    pub id: Option<String>,
    /// How it ended for the client.
    pub told: Told,
    /// How long that took.
    pub took: Duration,
    /// What went wrong meanwhile, and was tried again.
    pub notes: Vec<String>,
    begin: Instant,
}

impl History {
    /// A job that is about to be submitted.
    pub fn new(nonce: String, door: Door, begin: Instant) -> Self {
        let (at, told) = (begin.elapsed(), Told::Nothing("it is under way".to_owned()));
        Self { nonce, door, at, id: None, told, took: Duration::ZERO, notes: Vec::new(), begin }
    }

    /// When it was submitted.
    pub fn begun(&self) -> Instant {
        self.begin + self.at
    }

    /// Something went wrong and is tried again.
    pub fn note(&mut self, what: impl fmt::Display) {
        self.notes.push(format!("{:.2} s: {what}", self.begin.elapsed().as_secs_f64()));
    }

    /// It is over for the client.
    pub fn end(&mut self, told: Told) {
        self.told = told;
        self.took = self.begin.elapsed() - self.at;
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nonce, door, at, id, told, took, notes, .. } = self;
        let (at, took) = (at.as_secs_f64(), took.as_secs_f64());
        writeln!(f, "{nonce} ({door:?}, job {id:?}): submitted at {at:.2} s, {told:?} {took:.2} s later")?;
        notes.iter().try_for_each(|note| writeln!(f, "    {note}"))
    }
}
