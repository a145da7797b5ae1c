//! What controllers and runners logged.

use std::collections::{BTreeMap, BTreeSet};

use super::arena::Arena;

/// How many lines of each log a failure shows.
const LINES: usize = 60;

/// The length of a job's identifier.
const ID: usize = 32;

/// All logs, by who wrote them.
#[derive(Debug)]
pub struct Logs(BTreeMap<String, String>);

impl Logs {
    /// Reads them.
    pub fn read(arena: &Arena) -> Self {
        let entries = std::fs::read_dir(arena.log_folder()).into_iter().flatten().flatten();
        let log = |entry: std::fs::DirEntry| {
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            (entry.file_name().to_string_lossy().into_owned(), text)
        };
        Self(entries.map(log).collect())
    }

    /// All lines about the jobs that a text names, in order of time.
    pub fn about(&self, text: &str) -> String {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        let ids: BTreeSet<&str> =
            words.filter(|word| word.len() == ID && word.bytes().all(|b| b.is_ascii_hexdigit())).collect();
        let lines = self.0.iter().flat_map(|(name, log)| log.lines().map(move |line| (line, name)));
        let about: BTreeSet<_> = lines.filter(|(line, _)| ids.iter().any(|id| line.contains(id))).collect();
        about.iter().map(|(line, name)| format!("    {name}: {line}\n")).collect()
    }

    /// The last lines of each.
    pub fn ends(&self) -> String {
        let end = |(name, text): (&String, &String)| {
            let lines: Vec<&str> = text.lines().collect();
            format!("--- {name}\n{}\n", lines[lines.len().saturating_sub(LINES)..].join("\n"))
        };
        self.0.iter().map(end).collect()
    }
}
