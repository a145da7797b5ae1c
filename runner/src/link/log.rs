//! What an attempt has reported so far, so that all of it can be sent again over another link. Pure.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use protocol::Step;
use protocol::event::OutputStream;
use protocol::frame::{MAX_CHUNK, OutputChunk};
use protocol::runner::FromRunner;

/// The most output of an attempt that is kept: as much as a controller keeps of a job.
const MAX_OUTPUT: u64 = 64 << 20;

/// The most output in one frame.
const MAX_PIECE: usize = MAX_CHUNK - OutputChunk::HEADER;

/// Pieces smaller than this are gathered, so that a program that writes byte by byte does not cost an entry each.
const SMALL: usize = 4096;

/// All reports of one attempt, in order.
#[derive(Debug, Default)]
pub struct ReportLog {
    entries: Vec<Entry>,
    bytes: u64,
    /// Steps whose output is not kept in full.
    cut: BTreeSet<Step>,
    complete: bool,
}

#[derive(Debug)]
enum Entry {
    Message(FromRunner),
    Output { step: Step, stream: OutputStream, data: BytesMut },
    Whole { step: Step, stream: OutputStream, data: Bytes },
    Blob(Bytes),
}

/// Up to where the reports were sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    entry: usize,
    offset: usize,
}

/// What can be sent at once.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// A message.
    Message(FromRunner),
    /// Output of a step.
    Output(OutputChunk),
    /// The bytes of a file that a message has announced.
    Blob(Bytes),
}

/// How much is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Bytes of output, or of a file; 0 where it is a message.
    pub bytes: usize,
    /// The credit that they need.
    pub credit: usize,
}

impl ReportLog {
    /// Adds output. What is over the most that is kept is dropped, and the step's end will say so.
    pub fn output(&mut self, step: Step, stream: OutputStream, data: Bytes) {
        if data.is_empty() {
            return;
        }
        if self.cut.contains(&step) || self.bytes + data.len() as u64 > MAX_OUTPUT {
            self.cut.insert(step);
            return;
        }
        self.bytes += data.len() as u64;
        if data.len() >= SMALL {
            return self.entries.push(Entry::Whole { step, stream, data });
        }
        match self.entries.last_mut() {
            Some(Entry::Output { step: last, stream: to, data: gathered })
                if (*last, *to) == (step, stream) && gathered.len() + data.len() <= MAX_PIECE =>
            {
                gathered.extend_from_slice(&data);
            }
            _ => self.entries.push(Entry::Output { step, stream, data: BytesMut::from(&data[..]) }),
        }
    }

    /// Adds a file that was left. How many there may be is the worker's business.
    pub fn artifact(&mut self, step: Step, path: String, content: Bytes) {
        let size = content.len() as u64;
        self.entries.push(Entry::Message(FromRunner::Artifact { step, path, size }));
        if !content.is_empty() {
            self.entries.push(Entry::Blob(content));
        }
    }

    /// Adds a message.
    pub fn message(&mut self, mut message: FromRunner) {
        if let FromRunner::StepFinished { step, result } = &mut message {
            result.truncated |= self.cut.contains(step);
        }
        self.complete |= is_last(&message);
        self.entries.push(Entry::Message(message));
    }

    /// Whether the last message is there.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether everything up to the last message was sent.
    pub fn is_sent(&self, place: Place) -> bool {
        self.complete && place.entry == self.entries.len()
    }

    /// How much is next at this place; `None` where there is nothing yet.
    pub fn size_at(&self, place: Place) -> Option<Size> {
        let rest = |data: &[u8]| data.len().saturating_sub(place.offset).min(MAX_PIECE);
        let (bytes, header) = match self.entries.get(place.entry)? {
            Entry::Message(_) => return Some(Size { bytes: 0, credit: 0 }),
            Entry::Output { data, .. } => (rest(data), OutputChunk::HEADER),
            Entry::Whole { data, .. } => (rest(data), OutputChunk::HEADER),
            Entry::Blob(data) => (rest(data), 0),
        };
        (bytes > 0).then_some(Size { bytes, credit: bytes + header })
    }

    /// What is at this place, `size` bytes of it where it is no message, and the place behind it.
    pub fn piece_at(&self, place: Place, size: usize) -> Option<(Piece, Place)> {
        let chunk = |step: &Step, stream: &OutputStream, data| {
            Piece::Output(OutputChunk { seq: 0, step: *step, stream: *stream, data })
        };
        let end = place.offset + size;
        Some(match self.entries.get(place.entry)? {
            Entry::Message(message) => (Piece::Message(message.clone()), place.next_entry()),
            Entry::Output { step, stream, data } => {
                let piece = Bytes::copy_from_slice(data.get(place.offset..end)?);
                (chunk(step, stream, piece), Place { offset: end, ..place })
            }
            Entry::Whole { step, stream, data } => {
                let piece = (end <= data.len()).then(|| data.slice(place.offset..end))?;
                (chunk(step, stream, piece), Place { offset: end, ..place })
            }
            Entry::Blob(data) => {
                let piece = (end <= data.len()).then(|| data.slice(place.offset..end))?;
                (Piece::Blob(piece), Place { offset: end, ..place })
            }
        })
    }

    /// The place from which to go on: past data that was sent and has a successor by now.
    pub fn settle(&self, place: Place) -> Place {
        let size = match self.entries.get(place.entry) {
            Some(Entry::Output { data, .. }) => data.len(),
            Some(Entry::Whole { data, .. } | Entry::Blob(data)) => data.len(),
            Some(Entry::Message(_)) | None => return place,
        };
        match place.offset == size && place.entry + 1 < self.entries.len() {
            true => place.next_entry(),
            false => place,
        }
    }
}

impl Place {
    fn next_entry(self) -> Self {
        Self { entry: self.entry + 1, offset: 0 }
    }
}

/// Whether nothing follows this message on an attempt's stream.
pub fn is_last(message: &FromRunner) -> bool {
    matches!(message, FromRunner::Finished { .. } | FromRunner::Failed { .. } | FromRunner::Refused { .. })
}

#[cfg(test)]
mod tests {
    use protocol::{StepResult, Verdict};

    use super::*;

    const RUN: Step = Step(1);

    fn write(log: &mut ReportLog, text: &str) {
        log.output(RUN, OutputStream::Stdout, Bytes::copy_from_slice(text.as_bytes()));
    }

    /// Everything from this place on: output as text, messages as `!`.
    fn read(log: &ReportLog, place: &mut Place) -> String {
        let mut text = String::new();
        loop {
            *place = log.settle(*place);
            let Some(size) = log.size_at(*place) else { return text };
            let (piece, next) = log.piece_at(*place, size.bytes).unwrap();
            match piece {
                Piece::Message(_) => text.push('!'),
                Piece::Blob(data) => {
                    assert_eq!(size.credit, data.len());
                    text.push_str(std::str::from_utf8(&data).unwrap());
                }
                Piece::Output(chunk) => text.push_str(std::str::from_utf8(&chunk.data).unwrap()),
            }
            *place = next;
        }
    }

    #[test]
    fn reports_are_read_on_and_from_the_start_again_in_their_order() {
        let mut log = ReportLog::default();
        let mut place = Place::default();
        log.message(FromRunner::StepStarted { step: RUN });
        write(&mut log, "ab");
        assert_eq!(read(&log, &mut place), "!ab");
        write(&mut log, "cd");
        write(&mut log, &"x".repeat(SMALL));
        assert_eq!(read(&log, &mut place), format!("cd{}", "x".repeat(SMALL)));
        write(&mut log, "e");
        log.message(FromRunner::Finished { verdict: Verdict::Ok, message: None });
        assert!(!log.is_sent(place));
        assert_eq!(read(&log, &mut place), "e!");
        assert!(log.is_sent(place));
        assert_eq!(read(&log, &mut Place::default()), format!("!abcd{}e!", "x".repeat(SMALL)));
    }

    #[test]
    fn files_come_behind_what_announces_them_and_come_again() {
        let mut log = ReportLog::default();
        log.artifact(RUN, "empty".to_owned(), Bytes::new());
        log.artifact(RUN, "large".to_owned(), Bytes::from("x".repeat(2 * MAX_CHUNK)));
        log.message(FromRunner::StepFinished { step: RUN, result: StepResult::new(Verdict::Ok) });
        let all = format!("!!{}!", "x".repeat(2 * MAX_CHUNK));
        assert_eq!(read(&log, &mut Place::default()), all);
        assert_eq!(read(&log, &mut Place::default()), all);
    }

    #[test]
    fn output_beyond_the_bound_is_dropped_and_said_to_be() {
        let mut log = ReportLog::default();
        let large = Bytes::from(vec![0; 40 << 20]);
        log.output(RUN, OutputStream::Stdout, large.clone());
        log.output(RUN, OutputStream::Stdout, large);
        log.output(RUN, OutputStream::Stderr, Bytes::from_static(b"x"));
        log.message(FromRunner::StepFinished { step: RUN, result: StepResult::new(Verdict::Ok) });
        assert_eq!(log.bytes, 40 << 20);
        let Some(Entry::Message(FromRunner::StepFinished { result, .. })) = log.entries.last() else {
            panic!()
        };
        assert!(result.truncated);
    }
}
