//! docs/protocol.md shows conversations byte for byte; here they are made from the types, and compared.

use std::fmt::Write as _;
use std::path::Path;

use bytes::{Bytes, BytesMut};
use protocol::client::{Request, Response};
use protocol::event::{JobEvent, OutputStream};
use protocol::frame::{Frame, FrameKind, OutputChunk};
use protocol::hello::Hello;
use protocol::runner::{Assignment, FromRunner, ToRunner};
use protocol::{Attempt, JobId, JobSpec, SourceFile, Step, Verdict};

use crate::support::{id, job, step};

/// How many bytes of payload a line shows.
const WIDTH: usize = 24;

const PROGRAM: &str = "print('Hi', input())\n";

enum Side {
    /// The one that dials.
    Dialler,
    /// The controller.
    Controller,
}

use Side::{Controller, Dialler};

fn hello(software: &str, heartbeat_ms: u32) -> Frame {
    Frame::hello(&Hello { software: software.into(), ..Hello::new("", heartbeat_ms) }).unwrap()
}

fn data(kind: FrameKind, stream: u32, text: &'static str) -> Frame {
    Frame { kind, stream, payload: Bytes::from_static(text.as_bytes()) }
}

fn spec() -> (JobSpec, Frame) {
    let file = SourceFile { path: "hi.py".into(), content: PROGRAM.into() };
    let mut spec = JobSpec { language: "python".into(), files: vec![file], ..JobSpec::default() };
    spec.detach();
    (spec, data(FrameKind::Blob, 1, PROGRAM))
}

fn output(seq: u64) -> Frame {
    let data = Bytes::from_static(b"Hi Ada\n");
    Frame::output(1, &OutputChunk { seq, step: Step(1), stream: OutputStream::Stdout, data })
}

/// A client runs a program of one line.
fn with_a_client() -> Vec<(Side, Frame)> {
    let (spec, blob) = spec();
    let submit = Request::Submit { spec: Box::new(spec), stdin_follows: true, keep: false };
    let say = |response: Response| Frame::control(1, &response).unwrap();
    let event = |seq, event| say(Response::Event { seq, event });
    let job = job(step(Verdict::Ok, Some(0)));
    vec![
        (Dialler, hello("example/1", 10_000)),
        (Dialler, Frame::control(1, &submit).unwrap()),
        (Dialler, blob),
        (Dialler, data(FrameKind::Stdin, 1, "Ada\n")),
        (Dialler, Frame::empty(FrameKind::StdinEnd, 1)),
        (Controller, hello("ruche-controller/0.1.0", 10_000)),
        (Controller, say(Response::Accepted { id: id(), stdin: None })),
        (Controller, event(1, JobEvent::Queued { position: 0 })),
        (Controller, event(2, JobEvent::Started { runner: "lab-1".into(), attempt: Attempt(1) })),
        (Controller, event(3, JobEvent::StepStarted { step: Step(1) })),
        (Controller, output(4)),
        (Controller, event(5, JobEvent::StepFinished { step: Step(1), result: job.runs[0].clone() })),
        (Controller, event(6, JobEvent::Finished { job: Box::new(job) })),
    ]
}

/// A runner is handed the same job.
fn with_a_runner() -> Vec<(Side, Frame)> {
    let (spec, blob) = spec();
    let job: JobId = id();
    let run = Assignment { job, attempt: Attempt(1), spec, stdin_follows: true };
    let said = |message: FromRunner| Frame::control(1, &message).unwrap();
    let result = step(Verdict::Ok, Some(0));
    vec![
        (Controller, Frame::control(1, &ToRunner::Run(Box::new(run))).unwrap()),
        (Controller, blob),
        (Controller, data(FrameKind::Stdin, 1, "Ada\n")),
        (Controller, Frame::empty(FrameKind::StdinEnd, 1)),
        (Dialler, said(FromRunner::StepStarted { step: Step(1) })),
        (Dialler, output(0)),
        (Dialler, said(FromRunner::StepFinished { step: Step(1), result })),
        (Dialler, said(FromRunner::Finished { verdict: Verdict::Ok, message: None })),
    ]
}

/// Frames that stand alone; protocol/tests/frames.rs fixes the same bytes.
fn single() -> Vec<(Side, Frame)> {
    let data = Bytes::from_static(b"hi\n");
    let chunk = OutputChunk { seq: 5, step: Step(1), stream: OutputStream::Stderr, data };
    vec![
        (Dialler, Frame::control(7, &Request::Languages).unwrap()),
        (Controller, Frame::output(3, &chunk)),
        (Dialler, Frame::credit(1, 65_536)),
    ]
}

/// One block: for each frame a line with length, kind and stream, then its payload in hexadecimal and as text.
fn rendered(dialler: &str, frames: &[(Side, Frame)]) -> String {
    let mut text = String::from("```text\n");
    for (side, frame) in frames {
        let side = match side {
            Dialler => dialler,
            Controller => "controller",
        };
        let mut bytes = BytesMut::new();
        frame.encode(&mut bytes).unwrap();
        let (head, payload) = bytes.split_at(9);
        let [length, kind, stream] = [&head[..4], &head[4..5], &head[5..]].map(hex);
        writeln!(text, "{side:<10}  {length} {kind} {stream}  {:?}", frame.kind).unwrap();
        for line in payload.chunks(WIDTH) {
            writeln!(text, "  {:<48}  {}", hex(line), printable(line)).unwrap();
        }
    }
    text + "```\n"
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn printable(bytes: &[u8]) -> String {
    let show = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
    bytes.iter().map(show).collect()
}

#[test]
fn the_documented_bytes_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
    let document = std::fs::read_to_string(path).unwrap();
    let blocks = [
        rendered("client", &single()),
        rendered("client", &with_a_client()),
        rendered("runner", &with_a_runner()),
    ];
    for block in blocks {
        assert!(document.contains(&block), "docs/protocol.md should have this block:\n\n{block}");
    }
}

#[test]
fn every_message_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol.md");
    let document = std::fs::read_to_string(path).unwrap();
    let kinds = 1..=5_u8;
    for kind in kinds.chain(16..=20) {
        assert!(document.contains(&format!("| {kind} |")), "the kind {kind}");
    }
    let words = "submit watch cancel job jobs languages runners cluster accepted event refused queued started \
        step_started output step_finished restarted finished register telemetry failed registered run";
    for word in words.split_whitespace() {
        assert!(document.contains(&format!("`{word}`")), "{word}");
    }
}
