//! Sockets that outlive their box. The boxes of a container share its network namespace, which has no network but
//! names and ports. A socket on its way through another one belongs to no process; only the kernel's garbage
//! collection ends it, a moment after the box is gone.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How long that may take before the container counts as spoilt.
const PATIENCE: Duration = Duration::from_millis(200);

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(1);

/// Room for the first line, in bytes.
const FIRST_LINE: usize = 64;

/// The kernel's count of the sockets around this process.
#[derive(Debug)]
pub struct Sockets {
    /// Nothing where the kernel does not count: then nothing can be said against the container.
    file: Option<File>,
    /// How many there were before the first box.
    at_first: usize,
}

impl Sockets {
    /// Counts those that are the agent's own.
    pub fn new() -> Self {
        let mut sockets = Self { file: File::open("/proc/net/sockstat").ok(), at_first: 0 };
        sockets.at_first = sockets.count();
        sockets
    }

    fn count(&self) -> usize {
        let mut text = [0; FIRST_LINE];
        let length = self.file.as_ref().and_then(|file| file.read_at(&mut text, 0).ok()).unwrap_or(0);
        in_use(&String::from_utf8_lossy(text.get(..length).unwrap_or_default())).unwrap_or(0)
    }

    /// Waits until there are no more sockets than at first, and a pair for each of these boxes. Returns whether it
    /// came to that.
    pub fn settle(&self, boxes: usize) -> bool {
        let own = self.at_first + 2 * boxes;
        let begin = Instant::now();
        loop {
            if self.count() <= own {
                return true;
            }
            if begin.elapsed() > PATIENCE {
                return false;
            }
            // The kernel may have looked while the last of them was just being closed. It looks again when another
            // one goes, whoever's: on a quiet host nobody else's does.
            drop(UnixStream::pair());
            #[expect(clippy::disallowed_methods, reason = "the pause between two looks at a condition")]
            std::thread::sleep(PAUSE);
        }
    }
}

impl Default for Sockets {
    fn default() -> Self {
        Self::new()
    }
}

/// The first line of sockstat: `sockets: used 3`.
fn in_use(text: &str) -> Option<usize> {
    text.lines().next()?.strip_prefix("sockets: used ")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_count_is_read() {
        assert_eq!(in_use("sockets: used 23\nTCP: inuse 4 orphan 0\n"), Some(23));
        assert_eq!(in_use(""), None);
    }
}
