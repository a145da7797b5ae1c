//! A controller that does what a test tells it.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use protocol::client::{Request, Response};
use protocol::event::{JobEvent, OutputStream};
use protocol::frame::{Frame, FrameKind, OutputChunk};
use protocol::hello::{DEFAULT_WINDOW, Hello};
use protocol::{Attempt, Job, JobSpec, Step};

use super::id;

/// A test that waits longer than this has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The controller, on a thread of its own.
pub struct FakeController {
    /// Where it listens, as in `127.0.0.1:40123`.
    pub address: String,
    script: JoinHandle<()>,
}

impl FakeController {
    /// Takes one connection, says hello and goes on with the script.
    pub fn start(script: impl FnOnce(&mut Client) + Send + 'static) -> Self {
        Self::raw(move |listener| {
            let mut client = Client::accept(listener);
            client.greet();
            script(&mut client);
        })
    }

    /// Leaves everything to the script, connections too.
    pub fn raw(script: impl FnOnce(&TcpListener) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        Self { address, script: std::thread::spawn(move || script(&listener)) }
    }

    /// Waits for the script's end; where it failed, so does the test.
    pub fn end(self) {
        if let Err(panic) = self.script.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

/// The client at the other end of a connection.
pub struct Client {
    stream: TcpStream,
    buffer: BytesMut,
    /// Frames that came while something else was waited for.
    passed: VecDeque<Frame>,
    /// How many bytes of data the client may still send.
    credit: i64,
    /// How many bytes of data it takes before it gives credit.
    window: i64,
    seq: u64,
}

/// A submission with its contents.
pub struct Submission {
    pub spec: JobSpec,
    pub stdin_follows: bool,
    pub keep: bool,
}

impl Client {
    /// Takes a connection.
    pub fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: BytesMut::new(),
            passed: VecDeque::new(),
            credit: DEFAULT_WINDOW.into(),
            window: 0,
            seq: 0,
        }
    }

    /// Reads the client's hello and says it back.
    pub fn greet(&mut self) {
        self.hear_hello();
        self.say_hello();
    }

    pub fn hear_hello(&mut self) {
        let frame = self.read_any().expect("a hello");
        assert_eq!((frame.kind, frame.stream), (FrameKind::Hello, 0));
        let hello: Hello = frame.parse().unwrap();
        assert_eq!(hello.check(&[]), Ok(()));
        self.window = hello.window.into();
    }

    pub fn say_hello(&mut self) {
        self.send(&Frame::hello(&Hello::new("fake", 10_000)).unwrap());
    }

    /// The same as a controller that says which life of it this is.
    pub fn greet_as(&mut self, life: &str) {
        self.hear_hello();
        let hello = Hello { life: Some(life.to_owned()), ..Hello::new("fake", 10_000) };
        self.send(&Frame::hello(&hello).unwrap());
    }

    fn read_any(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = Frame::decode(&mut self.buffer).unwrap() {
                return Some(frame);
            }
            let mut bytes = [0; 65_536];
            match self.stream.read(&mut bytes) {
                Ok(0) => return None,
                Ok(size) => self.buffer.extend_from_slice(&bytes[..size]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("waited for the client: {error}"),
            }
        }
    }

    /// The next frame of a stream, or `None` at the connection's end. Data beyond the credit is a failure, and
    /// the client's own credit is counted.
    pub fn read(&mut self) -> Option<Frame> {
        while self.passed.is_empty() {
            self.take_in()?;
        }
        self.passed.pop_front()
    }

    /// Reads one frame; deals with it at once, or puts it aside to be read.
    fn take_in(&mut self) -> Option<()> {
        let frame = self.read_any()?;
        match frame.kind {
            FrameKind::Ping => self.send(&Frame::empty(FrameKind::Pong, 0)),
            FrameKind::Credit => self.window += i64::from(frame.credit_bytes().unwrap()),
            _ => {
                if frame.kind.uses_credit() {
                    self.credit -= frame.payload.len() as i64;
                    assert!(self.credit >= 0, "data without credit");
                }
                self.passed.push_back(frame);
            }
        }
        Some(())
    }

    /// The next frame, which has to be a request.
    pub fn request(&mut self) -> (u32, Request) {
        let frame = self.read().expect("a request");
        assert_eq!(frame.kind, FrameKind::Control);
        (frame.stream, frame.parse().unwrap())
    }

    /// The next request, which has to be a submission, on stream 1, with its contents.
    pub fn submission(&mut self) -> Submission {
        let (stream, request) = self.request();
        let Request::Submit { mut spec, stdin_follows, keep } = request else { panic!("{request:?}") };
        assert_eq!(stream, 1);
        let sizes = spec.detached_sizes();
        let mut missing = sizes.iter().sum::<u64>() as usize;
        let mut bytes = BytesMut::new();
        while missing > 0 {
            let frame = self.read().expect("a blob");
            assert_eq!((frame.kind, frame.stream), (FrameKind::Blob, 1));
            bytes.extend_from_slice(&frame.payload);
            missing -= frame.payload.len();
            if missing > 0 {
                self.grant(frame.payload.len());
            }
        }
        spec.attach(sizes.into_iter().map(|size| bytes.split_to(size as usize).freeze()).collect()).unwrap();
        Submission { spec: *spec, stdin_follows, keep }
    }

    /// Takes a submission and says that a runner has it.
    pub fn start_job(&mut self) -> Submission {
        let submission = self.submission();
        self.accepted();
        self.event(JobEvent::Queued { position: 0 });
        self.started(1);
        submission
    }

    pub fn accepted(&mut self) {
        self.respond(1, &Response::Accepted { id: id(), stdin: None });
    }

    pub fn started(&mut self, attempt: u32) {
        self.event(JobEvent::Started { runner: "lab-1".into(), attempt: Attempt(attempt) });
    }

    pub fn restarted(&mut self, attempt: u32) {
        self.event(JobEvent::Restarted { attempt: Attempt(attempt), reason: "runner lost".into() });
    }

    pub fn finished(&mut self, job: Job) {
        self.event(JobEvent::Finished { job: Box::new(job.without_output()) });
    }

    /// Sends the next event.
    pub fn event(&mut self, event: JobEvent) {
        self.seq += 1;
        let seq = self.seq;
        self.respond(1, &Response::Event { seq, event });
    }

    /// Goes on with the event after this one.
    pub fn seen(&mut self, seq: u64) {
        self.seq = seq;
    }

    pub fn stdout(&mut self, text: &str) {
        self.output(Step(1), OutputStream::Stdout, text.as_bytes());
    }

    pub fn stderr(&mut self, text: &str) {
        self.output(Step(1), OutputStream::Stderr, text.as_bytes());
    }

    /// Sends output, once the client takes it.
    pub fn output(&mut self, step: Step, stream: OutputStream, data: &[u8]) {
        self.seq += 1;
        let chunk = OutputChunk { seq: self.seq, step, stream, data: Bytes::copy_from_slice(data) };
        let frame = Frame::output(1, &chunk);
        self.window -= frame.payload.len() as i64;
        while self.window < 0 {
            self.take_in().expect("credit");
        }
        self.send(&frame);
    }

    /// Whether the client has credit left.
    pub fn may_send(&self) -> bool {
        self.credit > 0
    }

    /// Lets the client send so much more on stream 1.
    pub fn grant(&mut self, bytes: usize) {
        self.credit += bytes as i64;
        self.send(&Frame::credit(1, bytes as u32));
    }

    pub fn respond(&mut self, stream: u32, response: &Response) {
        self.send(&Frame::control(stream, response).unwrap());
    }

    fn send(&mut self, frame: &Frame) {
        let mut bytes = BytesMut::new();
        frame.encode(&mut bytes).unwrap();
        self.send_bytes(&bytes);
    }

    /// A client may be gone already: what it did before is what a test looks at.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }
}
