//! A client of the TCP door.

use std::net::SocketAddr;

use bytes::Bytes;
use protocol::client::{Request, Response};
use protocol::event::{JobEvent, OutputStream};
use protocol::frame::{Frame, FrameKind, MAX_CHUNK};
use protocol::hello::Hello;
use protocol::{Job, JobId, JobSpec, Problem};

use super::Peer;

pub struct Client {
    pub peer: Peer,
    next_stream: u32,
}

/// All that was told of a job, from `accepted` to `finished`.
#[derive(Debug, Default)]
pub struct Told {
    pub events: Vec<(u64, JobEvent)>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Told {
    /// The job as the last event has it.
    pub fn job(&self) -> &Job {
        match self.events.last() {
            Some((_, JobEvent::Finished { job })) => job,
            other => panic!("the last event is {other:?}"),
        }
    }

    pub fn numbers(&self) -> Vec<u64> {
        self.events.iter().map(|(number, _)| *number).collect()
    }

    pub fn restarts(&self) -> usize {
        self.events.iter().filter(|(_, event)| matches!(event, JobEvent::Restarted { .. })).count()
    }
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::connect_as(address, &Hello::new("test", 10_000)).await
    }

    pub async fn connect_as(address: SocketAddr, hello: &Hello) -> Self {
        Self { peer: Peer::connect(address, hello).await, next_stream: 0 }
    }

    /// Sends a request and returns its stream.
    pub async fn ask(&mut self, request: &Request) -> u32 {
        self.next_stream += 1;
        self.peer.say(self.next_stream, request).await;
        self.next_stream
    }

    /// Sends a job with its contents beside it, and waits until it is accepted.
    pub async fn submit(&mut self, spec: JobSpec) -> (u32, JobId) {
        self.submit_as(spec, false, false).await.unwrap()
    }

    pub async fn submit_as(
        &mut self,
        mut spec: JobSpec,
        stdin_follows: bool,
        keep: bool,
    ) -> Result<(u32, JobId), Problem> {
        let contents = spec.detach();
        let stream = self.ask(&Request::Submit { spec: Box::new(spec), stdin_follows, keep }).await;
        for mut content in contents {
            while !content.is_empty() {
                let payload = content.split_to(content.len().min(MAX_CHUNK));
                self.peer.send(Frame { kind: FrameKind::Blob, stream, payload }).await;
            }
        }
        self.accepted(stream).await.map(|id| (stream, id))
    }

    pub async fn watch(&mut self, id: JobId, after: u64) -> Result<u32, Problem> {
        let stream = self.ask(&Request::Watch { id, after, stdin_follows: false }).await;
        self.accepted(stream).await.map(|_| stream)
    }

    pub async fn stdin(&mut self, stream: u32, data: &'static [u8]) {
        self.peer.send(Frame { kind: FrameKind::Stdin, stream, payload: Bytes::from_static(data) }).await;
    }

    /// The answer to a request that has only one.
    pub async fn answer(&mut self, request: &Request) -> Response {
        let stream = self.ask(request).await;
        self.response(stream).await
    }

    /// The next message on a stream; there has to be no other.
    pub async fn response(&mut self, stream: u32) -> Response {
        let frame = self.peer.next().await.expect("the controller has hung up");
        assert_eq!((frame.kind, frame.stream), (FrameKind::Control, stream));
        frame.parse().unwrap()
    }

    /// What happens to a job until it has finished; grants credit for all output.
    pub async fn finished(&mut self, stream: u32) -> Told {
        let mut told = Told::default();
        loop {
            let (number, event) = self.event(stream).await;
            if let JobEvent::Output { stream: to, data, .. } = &event {
                let into = match to {
                    OutputStream::Stdout => &mut told.stdout,
                    OutputStream::Stderr => &mut told.stderr,
                };
                into.extend_from_slice(&data.bytes());
            }
            let last = matches!(event, JobEvent::Finished { .. });
            told.events.push((number, event));
            if last {
                return told;
            }
        }
    }

    /// The next event of a job.
    pub async fn event(&mut self, stream: u32) -> (u64, JobEvent) {
        let frame = self.peer.next().await.expect("the controller has hung up");
        assert_eq!(frame.stream, stream);
        if frame.kind == FrameKind::Control {
            match frame.parse().unwrap() {
                Response::Event { seq, event } => return (seq, event),
                other => panic!("not an event: {other:?}"),
            }
        }
        let credit = u32::try_from(frame.payload.len()).unwrap();
        self.peer.send(Frame::credit(stream, credit)).await;
        let chunk = frame.output_chunk().unwrap();
        let event = JobEvent::Output { step: chunk.step, stream: chunk.stream, data: chunk.data.into() };
        (chunk.seq, event)
    }

    async fn accepted(&mut self, stream: u32) -> Result<JobId, Problem> {
        match self.response(stream).await {
            Response::Accepted { id, .. } => Ok(id),
            Response::Refused { problem } => Err(problem),
            other => panic!("neither accepted nor refused: {other:?}"),
        }
    }
}
