//! Everything that happened, as lines without anything that differs from run to run.

use std::fmt;
use std::sync::Mutex;

use tokio::time::Instant;

use super::chance::digest;
use crate::lock::lock;

/// The lines so far.
#[derive(Debug)]
pub struct Trace {
    start: Instant,
    lines: Mutex<Vec<String>>,
}

impl Trace {
    /// Begins now.
    pub fn new() -> Self {
        Self { start: Instant::now(), lines: Mutex::default() }
    }

    /// Adds a line.
    pub fn note(&self, what: fmt::Arguments<'_>) {
        let seconds = self.start.elapsed().as_secs_f64();
        let line = format!("{seconds:9.3} {what}");
        // Beside what the controllers say of themselves.
        tracing::info!("{line}");
        lock(&self.lines).push(line);
    }

    /// A digest of all of it.
    pub fn digest(&self) -> u64 {
        digest(&*lock(&self.lines))
    }

    /// All lines.
    pub fn lines(&self) -> Vec<String> {
        lock(&self.lines).clone()
    }
}
