//! The last lines of a program's output, for the error message when it fails.

use std::collections::VecDeque;
use std::fmt;

/// Enough to see what went wrong, short enough to read.
const KEPT: usize = 15;

/// Keeps the last lines it is given; displays them indented, each on a line of its own.
#[derive(Debug, Default, Clone)]
pub struct Tail(VecDeque<String>);

impl Tail {
    /// Adds a line and forgets the oldest beyond the limit. Empty lines say nothing.
    pub fn push(&mut self, line: &str) {
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(line.to_owned());
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| write!(f, "\n    {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_stay() {
        let mut tail = Tail::default();
        (0..40).for_each(|number| tail.push(&format!("line {number}\n")));
        tail.push("");
        let shown = tail.to_string();
        assert_eq!(shown.lines().count(), KEPT + 1);
        assert!(shown.ends_with("\n    line 39") && !shown.contains("line 24"));
    }
}
