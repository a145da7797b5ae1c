//! Files that a program left in its box, taken out of it. The agent opens and sends them; what it sends is untrusted, and
//! counted again here.

use std::time::Duration;

use ::agent::message::{BoxId, Command, MAX_PATH, Reply};
use bytes::{Bytes, BytesMut};
use protocol::check_path;

use super::agent::AgentError;
use super::{Sandbox, SandboxError, write_commands};

/// How long all files of a box may take together.
const COLLECT_TIMEOUT: Duration = Duration::from_secs(60);

/// Which files of a box are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Patterns of their paths: `*`, `?` and `[…]` within a name, `**` for any folders.
    pub patterns: &'a [String],
    /// How many at most: the first of them, by their paths.
    pub most_files: u32,
    /// How many bytes of them together at most. A file that does not fit any more is left out whole.
    pub most_bytes: u64,
    /// A box whose files are not wanted where they have the same content here.
    pub unlike: Option<BoxId>,
}

/// What there was of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// The files, in the order of their paths.
    pub files: Vec<CollectedFile>,
    /// Whether there were more: over a limit, unreadable, or with names that are not text.
    pub left_out: bool,
    /// Whether there are folders with nothing in them, which the files do not tell of.
    pub empty_folders: bool,
}

/// A file that a program left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectedFile {
    /// Where it was, relative to the program's folder.
    pub path: String,
    /// Whether it may be executed.
    pub executable: bool,
    /// What is in it.
    pub content: Bytes,
}

impl Sandbox {
    /// Takes files out of a box whose program has ended, or in which none was started.
    ///
    /// # Errors
    /// [`SandboxError`], where the sandbox failed: it cannot be used again.
    pub async fn collect(&mut self, id: BoxId, wanted: &Wanted<'_>) -> Result<Collected, SandboxError> {
        let mut commands = std::mem::take(&mut self.queued);
        commands.push(Command::Collect {
            id,
            patterns: wanted.patterns.to_vec(),
            most_files: wanted.most_files,
            most_bytes: wanted.most_bytes,
            unlike: wanted.unlike,
        });
        self.agent.send(&commands, &[]).await?;
        let gathered = tokio::time::timeout(COLLECT_TIMEOUT, self.gather(id, wanted)).await;
        gathered.unwrap_or(Err(SandboxError::Stuck))
    }

    /// Puts files into a box in which no program has been started yet.
    pub fn put(&mut self, id: BoxId, files: &[CollectedFile]) {
        let commands =
            files.iter().flat_map(|file| write_commands(id, &file.path, file.executable, &file.content));
        self.queued.extend(commands);
    }

    async fn gather(&mut self, id: BoxId, wanted: &Wanted<'_>) -> Result<Collected, SandboxError> {
        let mut gathering = Gathering::new(wanted);
        loop {
            match self.receive().await? {
                Reply::File { id: from, path, executable, data, end } if from == id => {
                    gathering.take(path, executable, data, end)?;
                }
                Reply::Collected { id: from, left_out, empty_folders } if from == id => {
                    let files = gathering.finish()?;
                    return Ok(Collected { files, left_out, empty_folders });
                }
                Reply::Failed { id: from, stage, errno } if from == id => {
                    return Err(SandboxError::Box { stage, errno });
                }
                reply => self.note(reply)?,
            }
        }
    }
}

/// Files that are coming in.
struct Gathering {
    files: Vec<CollectedFile>,
    files_left: u32,
    bytes_left: u64,
    open: Option<(CollectedFile, BytesMut)>,
}

impl Gathering {
    fn new(wanted: &Wanted<'_>) -> Self {
        Self { files: Vec::new(), files_left: wanted.most_files, bytes_left: wanted.most_bytes, open: None }
    }

    /// Takes a piece of a file.
    fn take(&mut self, path: String, executable: bool, data: Vec<u8>, end: bool) -> Result<(), AgentError> {
        // A file without an end, in pieces without data, would never be done.
        let progress = end || !data.is_empty();
        self.bytes_left = self.bytes_left.checked_sub(data.len() as u64).ok_or(AgentError::Protocol)?;
        let (file, mut content) = match self.open.take() {
            Some((file, content)) if file.path == path && progress => (file, content),
            None if progress && self.may_follow(&path) => {
                self.files_left -= 1;
                (CollectedFile { path, executable, content: Bytes::new() }, BytesMut::new())
            }
            _ => return Err(AgentError::Protocol),
        };
        content.extend_from_slice(&data);
        match end {
            true => self.files.push(CollectedFile { content: content.freeze(), ..file }),
            false => self.open = Some((file, content)),
        }
        Ok(())
    }

    /// Whether this can be the path of the next file. They come in order, so that none comes twice.
    fn may_follow(&self, path: &str) -> bool {
        let in_order = self.files.last().is_none_or(|last| last.path.as_str() < path);
        let is_path = check_path(path).is_ok() && path.len() <= MAX_PATH && !path.contains(char::is_control);
        self.files_left > 0 && in_order && is_path
    }

    fn finish(self) -> Result<Vec<CollectedFile>, AgentError> {
        match self.open {
            Some(_) => Err(AgentError::Protocol),
            None => Ok(self.files),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathering(most_files: u32, most_bytes: u64) -> Gathering {
        Gathering::new(&Wanted { patterns: &[], most_files, most_bytes, unlike: None })
    }

    fn take(gathering: &mut Gathering, path: &str, data: &[u8], end: bool) -> bool {
        gathering.take(path.to_owned(), false, data.to_vec(), end).is_ok()
    }

    #[test]
    fn pieces_become_files() {
        let mut gathering = gathering(3, 6);
        assert!(take(&mut gathering, "a", b"12", false));
        assert!(take(&mut gathering, "a", b"3", true));
        assert!(take(&mut gathering, "a/b", b"", true));
        assert!(take(&mut gathering, "c", b"456", true));
        let collected = gathering.finish().unwrap();
        let files: Vec<_> = collected.iter().map(|file| (file.path.as_str(), &file.content[..])).collect();
        assert_eq!(files, [("a", &b"123"[..]), ("a/b", b""), ("c", b"456")]);
    }

    #[test]
    fn an_agent_that_sends_what_it_may_not_is_given_up() {
        let long = "x".repeat(256);
        for path in ["../x", "/etc/passwd", "a//b", ".", "", "a\u{1b}[2J", "a\0", long.as_str()] {
            assert!(!take(&mut gathering(9, 9), path, b"", true), "{path:?}");
        }
        assert!(!take(&mut gathering(9, 3), "a", b"1234", true), "too many bytes");
        assert!(!take(&mut gathering(0, 9), "a", b"", true), "too many files");
        assert!(!take(&mut gathering(9, 9), "a", b"", false), "no progress");
        let mut twice = gathering(9, 9);
        assert!(take(&mut twice, "b", b"", true));
        assert!(!take(&mut twice, "b", b"", true), "the same again");
        assert!(!take(&mut twice, "a", b"", true), "out of order");
        let mut mixed = gathering(9, 9);
        assert!(take(&mut mixed, "a", b"1", false));
        assert!(!take(&mut mixed, "b", b"1", true), "another one in between");
        let mut unfinished = gathering(9, 9);
        assert!(take(&mut unfinished, "a", b"1", false));
        assert!(unfinished.finish().is_err());
    }
}
