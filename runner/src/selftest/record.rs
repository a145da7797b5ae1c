//! The results of earlier self-tests on this host. A sandbox of the same make on the same kernel need not be
//! tried again at every start.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use protocol::runner::SelfTest;
use serde::{Deserialize, Serialize};

/// How many makes are remembered: more than there are runners of different settings on a host.
const REMEMBERED: usize = 16;

/// The folder with the results cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}; name another folder with --state-dir")]
pub struct RecordError {
    path: PathBuf,
    source: io::Error,
}

/// The results, held so that two runners of a host do not test at once.
#[derive(Debug)]
pub struct Records {
    path: PathBuf,
    _lock: Flock<File>,
}

/// The result of one make.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    make: String,
    result: SelfTest,
}

impl Records {
    /// Opens the results in this folder; waits while another process has them. Blocks.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn open(folder: &Path) -> Result<Self, RecordError> {
        let path = folder.join("selftest.json");
        let failed = |source| RecordError { path: path.clone(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let file = File::create(folder.join("selftest.lock")).map_err(failed)?;
        let lock = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| failed(errno.into()))?;
        Ok(Self { path, _lock: lock })
    }

    /// The last result of this make, where it passed.
    pub fn passed(&self, make: &str) -> Option<SelfTest> {
        let found = self.entries().into_iter().find(|entry| entry.make == make)?;
        found.result.failed.is_empty().then_some(found.result)
    }

    /// Remembers a result.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn keep(&self, make: &str, result: &SelfTest) -> Result<(), RecordError> {
        let mut entries = vec![Entry { make: make.to_owned(), result: result.clone() }];
        entries.extend(self.entries().into_iter().filter(|entry| entry.make != make));
        entries.truncate(REMEMBERED);
        let failed = |source| RecordError { path: self.path.clone(), source };
        let text = serde_json::to_string_pretty(&entries).map_err(|error| failed(error.into()))?;
        // Beside it first: a runner that dies here leaves the old results whole.
        let new = self.path.with_extension("new");
        fs::write(&new, text).and_then(|()| fs::rename(&new, &self.path)).map_err(failed)
    }

    /// What is there. A file that cannot be read is as good as none: the attacks are tried again.
    fn entries(&self) -> Vec<Entry> {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use protocol::Timestamp;

    use super::*;

    fn result(failed: &[&str]) -> SelfTest {
        let failed = failed.iter().map(|name| (*name).to_owned()).collect();
        SelfTest { at: Timestamp::UNIX_EPOCH, attacks: 3, failed }
    }

    #[test]
    fn only_a_passed_test_of_the_same_make_counts() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::open(folder.path()).unwrap();
        assert_eq!(records.passed("a"), None);
        records.keep("a", &result(&[])).unwrap();
        records.keep("b", &result(&["mount"])).unwrap();
        assert_eq!(records.passed("a"), Some(result(&[])));
        assert_eq!(records.passed("b"), None);
        records.keep("a", &result(&["ptrace"])).unwrap();
        assert_eq!(records.passed("a"), None);
    }

    #[test]
    fn a_damaged_file_means_that_nothing_is_known() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("selftest.json"), "{").unwrap();
        let records = Records::open(folder.path()).unwrap();
        assert_eq!(records.passed("a"), None);
        records.keep("a", &result(&[])).unwrap();
        assert!(records.passed("a").is_some());
    }
}
