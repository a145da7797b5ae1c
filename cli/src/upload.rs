//! What is still to be sent on a job's stream, and how much of it the controller takes now. Pure.

use std::collections::VecDeque;

use bytes::Bytes;
use protocol::Detached;
use protocol::frame::{Frame, FrameKind, MAX_CHUNK};

/// Contents first, then standard input.
#[derive(Debug)]
pub struct Upload {
    stream: u32,
    pieces: VecDeque<(FrameKind, Bytes)>,
    stdin: Stdin,
    granted: u64,
    used: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stdin {
    /// More may come.
    Open,
    /// All of it is among the pieces; that is still to be said.
    Ended,
    /// Nothing more to say.
    Closed,
}

impl Upload {
    /// Sends these contents and, where there is some, standard input.
    pub fn new(stream: u32, contents: Detached, stdin: bool) -> Self {
        let pieces = contents.into_iter().map(|content| (FrameKind::Blob, content)).collect();
        let stdin = if stdin { Stdin::Open } else { Stdin::Closed };
        Self { stream, pieces, stdin, granted: 0, used: 0 }
    }

    /// The controller takes more.
    pub fn grant(&mut self, bytes: u32) {
        self.granted = self.granted.saturating_add(u64::from(bytes));
    }

    /// Whether the next piece of standard input has a place; otherwise the program that writes it waits.
    pub fn wants_stdin(&self) -> bool {
        self.stdin == Stdin::Open && self.pieces.is_empty()
    }

    /// Standard input follows after all.
    pub fn begin_stdin(&mut self) {
        self.stdin = Stdin::Open;
    }

    /// A piece of standard input, or its end.
    pub fn stdin(&mut self, piece: Option<Bytes>) {
        match piece {
            Some(piece) => self.pieces.push_back((FrameKind::Stdin, piece)),
            None => self.stdin = Stdin::Ended,
        }
    }

    /// The next frame to send to a peer whose window began with so many bytes; nothing while there is no
    /// credit, or no data.
    pub fn next(&mut self, window: u32) -> Option<Frame> {
        while self.pieces.front().is_some_and(|(_, data)| data.is_empty()) {
            self.pieces.pop_front();
        }
        let credit = (u64::from(window) + self.granted).saturating_sub(self.used);
        match self.pieces.front_mut() {
            Some((kind, data)) => {
                let size = data.len().min(MAX_CHUNK).min(usize::try_from(credit).unwrap_or(MAX_CHUNK));
                self.used += size as u64;
                (size > 0).then(|| Frame { kind: *kind, stream: self.stream, payload: data.split_to(size) })
            }
            None if self.stdin == Stdin::Ended => {
                self.stdin = Stdin::Closed;
                Some(Frame::empty(FrameKind::StdinEnd, self.stream))
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(upload: &mut Upload, window: u32) -> Vec<(FrameKind, usize)> {
        std::iter::from_fn(|| upload.next(window)).map(|frame| (frame.kind, frame.payload.len())).collect()
    }

    #[test]
    fn contents_come_first_then_input_then_its_end() {
        let mut upload = Upload::new(1, vec!["ab".into(), "".into(), "c".into()], true);
        assert!(!upload.wants_stdin());
        assert_eq!(all(&mut upload, 100), [(FrameKind::Blob, 2), (FrameKind::Blob, 1)]);
        assert!(upload.wants_stdin());
        upload.stdin(Some("input".into()));
        assert!(!upload.wants_stdin());
        upload.stdin(None);
        assert_eq!(all(&mut upload, 100), [(FrameKind::Stdin, 5), (FrameKind::StdinEnd, 0)]);
        assert!(!upload.wants_stdin());
        assert_eq!(all(&mut upload, 100), []);
    }

    #[test]
    fn nothing_is_sent_beyond_the_credit() {
        let mut upload = Upload::new(1, vec![vec![0; 10].into()], false);
        assert_eq!(all(&mut upload, 4), [(FrameKind::Blob, 4)]);
        upload.grant(3);
        assert_eq!(all(&mut upload, 4), [(FrameKind::Blob, 3)]);
        // A hello that names a larger window than the one assumed counts too.
        assert_eq!(all(&mut upload, 6), [(FrameKind::Blob, 2)]);
        upload.grant(100);
        assert_eq!(all(&mut upload, 6), [(FrameKind::Blob, 1)]);
    }

    #[test]
    fn a_frame_is_never_over_the_largest_chunk() {
        let mut upload = Upload::new(1, vec![vec![0; 2 * MAX_CHUNK + 1].into()], false);
        let sizes: Vec<usize> = all(&mut upload, u32::MAX).into_iter().map(|(_, size)| size).collect();
        assert_eq!(sizes, [MAX_CHUNK, MAX_CHUNK, 1]);
    }
}
