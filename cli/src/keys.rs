//! The keys that a terminal keeps for itself. Pure.

use bytes::{Bytes, BytesMut};

const CTRL_P: u8 = 0x10;
const CTRL_Q: u8 = 0x11;

/// What is typed at a terminal that belongs to the program, but for Ctrl-P Ctrl-Q, which leaves.
#[derive(Debug, Default)]
pub struct Keys {
    /// Whether the last key was Ctrl-P: what it means the next one tells.
    held: bool,
}

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
pub struct Typing {
    /// What is the program's.
    pub data: Bytes,
    /// Whether the rest is for nobody: the user leaves.
    pub leaves: bool,
}

impl Keys {
    /// Takes what was typed.
    pub fn take(&mut self, typed: &[u8]) -> Typing {
        let mut data = BytesMut::with_capacity(typed.len() + 1);
        for key in typed {
            match (std::mem::take(&mut self.held), *key) {
                (true, CTRL_Q) => return Typing { data: data.freeze(), leaves: true },
                (true, key) => data.extend_from_slice(&[CTRL_P, key]),
                (false, CTRL_P) => self.held = true,
                (false, key) => data.extend_from_slice(&[key]),
            }
        }
        Typing { data: data.freeze(), leaves: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(pieces: &[&str]) -> (String, bool) {
        let mut keys = Keys::default();
        let mut all = String::new();
        for piece in pieces {
            let Typing { data, leaves } = keys.take(piece.as_bytes());
            all.push_str(std::str::from_utf8(&data).unwrap());
            if leaves {
                return (all, true);
            }
        }
        (all, false)
    }

    #[test]
    fn only_the_two_keys_together_leave() {
        assert_eq!(take(&["a\u{10}\u{11}b"]), ("a".into(), true));
        assert_eq!(take(&["a\u{10}", "\u{11}"]), ("a".into(), true));
        assert_eq!(take(&["\u{11}\u{3}\u{4}"]), ("\u{11}\u{3}\u{4}".into(), false));
        assert_eq!(take(&["\u{10}", "x\u{11}"]), ("\u{10}x\u{11}".into(), false));
        assert_eq!(take(&["\u{10}\u{10}", "x"]), ("\u{10}\u{10}x".into(), false));
    }
}
