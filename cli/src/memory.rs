//! What this user has seen of jobs that run on after the command has left them: a small file for each, so that
//! `cli attach` goes on where the other one ended.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use protocol::event::OutputStream;
use protocol::{JobId, Step};
use serde::{Deserialize, Serialize};

use crate::follow::typed::Typed;

/// What was seen of a job, and typed for it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// Of which life of a controller the numbers of events are.
    pub life: Option<String>,
    /// The number of the last event.
    pub event: u64,
    /// How much each step has written, as far as it was shown.
    pub shown: Vec<Shown>,
    /// What may not have arrived.
    pub typed: Typed,
    /// Whether the program has a terminal.
    pub terminal: bool,
    /// Whether the program was running.
    pub is_running: bool,
}

/// How much of a step's output was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Which step.
    pub step: Step,
    /// Which of its outputs.
    pub stream: OutputStream,
    /// In bytes.
    pub bytes: u64,
}

/// Where it is kept.
#[derive(Debug, Clone)]
pub struct Memory {
    path: PathBuf,
}

impl Memory {
    /// The place for a job, in the folder for what programs remember.
    pub fn of(id: JobId, state_home: &Path) -> Self {
        Self { path: state_home.join("ruche").join("jobs").join(format!("{id}.json")) }
    }

    /// What was kept; nothing where that is nothing, or cannot be read.
    pub fn recall(&self) -> Option<Seen> {
        serde_json::from_slice(&fs::read(&self.path).ok()?).ok()
    }

    /// Keeps it, for this user alone: what was typed is in it. Whole or not at all.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn keep(&self, seen: &Seen) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let new = self.path.with_extension(std::process::id().to_string());
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&serde_json::to_vec(seen)?)?;
        fs::rename(&new, &self.path)
    }

    /// Forgets it: the job is over.
    pub fn forget(&self) {
        // That there is nothing is fine.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_is_for_its_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::of(JobId::random(), folder.path());
        assert_eq!(memory.recall(), None);
        let shown = vec![Shown { step: Step(1), stream: OutputStream::Stdout, bytes: 7 }];
        let seen = Seen { life: Some("a".into()), event: 3, shown, terminal: true, ..Seen::default() };
        memory.keep(&seen).unwrap();
        assert_eq!(memory.recall(), Some(seen));
        assert_eq!(fs::metadata(&memory.path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&memory.path, "{").unwrap();
        assert_eq!(memory.recall(), None, "what is broken is as good as nothing");
        memory.forget();
        memory.forget();
    }
}
