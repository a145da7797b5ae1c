//! The events of one job, by number. Pure.
//!
//! A program that writes byte by byte must not cost an event a byte for ever. So after [`CHATTY`] pieces of
//! output, further ones are held back until they are a full chunk, another event comes, or a watcher has waited
//! long enough and publishes them.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use protocol::event::{JobEvent, OutputStream};
use protocol::frame::{MAX_CHUNK, OutputChunk};
use protocol::{Content, Step};

/// After this many pieces of output they are gathered.
const CHATTY: usize = 10_000;

/// The most output in one event, so that it fits one frame of [`MAX_CHUNK`] with its header.
const MAX_OUTPUT: usize = MAX_CHUNK - OutputChunk::HEADER;

/// Pieces smaller than this are copied: they would otherwise keep a whole read buffer alive.
const SMALL: usize = 4096;

#[derive(Debug)]
enum Entry {
    Event(Box<JobEvent>),
    Output { step: Step, stream: OutputStream, data: Bytes },
}

/// What happened to a job so far. Numbers start at 1 and have no gaps.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    entries: Vec<Entry>,
    /// Where the entries of the current attempt begin.
    attempt: usize,
    outputs: usize,
    held: BTreeMap<(Step, OutputStream), BytesMut>,
}

/// What a step wrote: standard output and standard error.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct StepOutput {
    /// To standard output.
    pub stdout: Bytes,
    /// To standard error.
    pub stderr: Bytes,
}

impl EventLog {
    /// The number of the last event.
    pub(super) fn last(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Adds an event that is not output.
    pub(super) fn push(&mut self, event: JobEvent) {
        self.publish_held();
        self.entries.push(Entry::Event(Box::new(event)));
    }

    /// Adds output.
    pub(super) fn output(&mut self, step: Step, stream: OutputStream, mut data: Bytes) {
        if self.outputs >= CHATTY {
            self.hold(step, stream, &data);
            return;
        }
        while !data.is_empty() {
            let piece = data.split_to(data.len().min(MAX_OUTPUT));
            self.publish(step, stream, piece);
        }
    }

    /// The event after this number.
    pub(super) fn after(&self, number: u64) -> Option<(u64, JobEvent)> {
        let entry = self.entries.get(usize::try_from(number).ok()?)?;
        let event = match entry {
            Entry::Event(event) => JobEvent::clone(event),
            Entry::Output { step, stream, data } => {
                JobEvent::Output { step: *step, stream: *stream, data: Content::Inline(data.clone()) }
            }
        };
        Some((number + 1, event))
    }

    /// Whether output is held back that [`publish_held`](Self::publish_held) would make an event of.
    pub(super) fn holds_back(&self) -> bool {
        !self.held.is_empty()
    }

    /// Makes events of the output that was held back.
    pub(super) fn publish_held(&mut self) {
        for ((step, stream), data) in std::mem::take(&mut self.held) {
            self.publish(step, stream, data.freeze());
        }
    }

    /// A new attempt begins: what the ones before wrote, and what was said of that, is void, and does not take up memory
    /// any longer.
    pub(super) fn begin_attempt(&mut self) {
        self.held.clear();
        for entry in &mut self.entries[self.attempt..] {
            match entry {
                Entry::Output { data, .. } => *data = Bytes::new(),
                Entry::Event(event) => forget_words(event),
            }
        }
        self.attempt = self.entries.len();
    }

    /// What each step of the current attempt wrote.
    pub(super) fn collect(&self) -> BTreeMap<Step, StepOutput> {
        let mut collected: BTreeMap<Step, (BytesMut, BytesMut)> = BTreeMap::new();
        let entries = self.entries[self.attempt..].iter().filter_map(|entry| match entry {
            Entry::Output { step, stream, data } => Some(((*step, *stream), data.as_ref())),
            Entry::Event(_) => None,
        });
        let held = self.held.iter().map(|(key, data)| (*key, data.as_ref()));
        for ((step, stream), data) in entries.chain(held) {
            let (stdout, stderr) = collected.entry(step).or_default();
            let into = match stream {
                OutputStream::Stdout => stdout,
                OutputStream::Stderr => stderr,
            };
            into.extend_from_slice(data);
        }
        let freeze = |(stdout, stderr): (BytesMut, BytesMut)| StepOutput {
            stdout: stdout.freeze(),
            stderr: stderr.freeze(),
        };
        collected.into_iter().map(|(step, output)| (step, freeze(output))).collect()
    }

    fn publish(&mut self, step: Step, stream: OutputStream, data: Bytes) {
        let data = if data.len() < SMALL { Bytes::copy_from_slice(&data) } else { data };
        self.outputs += 1;
        self.entries.push(Entry::Output { step, stream, data });
    }

    fn hold(&mut self, step: Step, stream: OutputStream, mut data: &[u8]) {
        while !data.is_empty() {
            let held = self.held.entry((step, stream)).or_default();
            let (piece, rest) = data.split_at(data.len().min(MAX_OUTPUT - held.len()));
            held.extend_from_slice(piece);
            data = rest;
            if held.len() == MAX_OUTPUT {
                self.publish_held();
            }
        }
    }
}

fn forget_words(event: &mut JobEvent) {
    if let JobEvent::StepFinished { result, .. } = event
        && let Some(check) = &mut result.check
    {
        check.output = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Step = Step(1);

    fn output_of(log: &EventLog) -> Vec<u8> {
        (0..)
            .map_while(|number| log.after(number))
            .filter_map(|(_, event)| match event {
                JobEvent::Output { data, .. } => Some(data.bytes()),
                _ => None,
            })
            .flatten()
            .collect()
    }

    #[test]
    fn numbers_have_no_gaps_and_large_output_is_cut() {
        let mut log = EventLog::default();
        log.push(JobEvent::Queued { position: 0 });
        log.output(RUN, OutputStream::Stdout, vec![1; MAX_OUTPUT + 1].into());
        assert_eq!(log.last(), 3);
        let numbers: Vec<_> = (0..).map_while(|n| log.after(n)).map(|(number, _)| number).collect();
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!(output_of(&log).len(), MAX_OUTPUT + 1);
    }

    #[test]
    fn a_chatty_program_costs_few_events_and_loses_nothing() {
        let mut log = EventLog::default();
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
        for byte in &bytes {
            log.output(RUN, OutputStream::Stdout, Bytes::copy_from_slice(&[*byte]));
        }
        assert!(log.holds_back());
        assert_eq!(log.collect()[&RUN].stdout, bytes);
        log.push(JobEvent::StepStarted { step: Step(2) });
        assert!(!log.holds_back());
        assert!((log.last() as usize) < CHATTY + 10);
        assert_eq!(output_of(&log), bytes);
    }

    #[test]
    fn only_the_last_attempt_counts() {
        let mut log = EventLog::default();
        log.output(RUN, OutputStream::Stdout, Bytes::from_static(b"void"));
        log.begin_attempt();
        assert_eq!(log.last(), 1);
        log.output(RUN, OutputStream::Stdout, Bytes::from_static(b"out"));
        log.output(RUN, OutputStream::Stderr, Bytes::from_static(b"err"));
        log.output(RUN, OutputStream::Stdout, Bytes::from_static(b"put"));
        let expected = StepOutput { stdout: "output".into(), stderr: "err".into() };
        assert_eq!(log.collect(), [(RUN, expected)].into());
        assert_eq!(output_of(&log), b"outerrput");
    }
}
