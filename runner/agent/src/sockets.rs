//! Sockets that outlive their box. The boxes of a container share its network namespace, which has no network but
//! names and ports. A socket on its way through another one belongs to no process; only the kernel's garbage
//! collection ends it, a moment after the box is gone.

use std::time::{Duration, Instant};

/// How long that may take before the container counts as spoilt.
const PATIENCE: Duration = Duration::from_millis(200);

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(1);

/// How many sockets there are now.
pub fn count() -> usize {
    // Without this file nothing can be said against the container.
    let text = std::fs::read_to_string("/proc/net/sockstat").unwrap_or_default();
    in_use(&text).unwrap_or(0)
}

/// Waits until there are no more sockets than at first, when there were no boxes, and a pair for each of these
/// boxes. Returns whether it came to that.
pub fn settle(at_first: usize, boxes: usize) -> bool {
    let own = at_first + 2 * boxes;
    let begin = Instant::now();
    loop {
        if count() <= own {
            return true;
        }
        if begin.elapsed() > PATIENCE {
            return false;
        }
        #[expect(clippy::disallowed_methods, reason = "the pause between two looks at a condition")]
        std::thread::sleep(PAUSE);
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
