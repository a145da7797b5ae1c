//! The controller's two doors for clients, each over one connection that stays.

use std::io::{Read, Write};
use std::net::TcpStream;

use bytes::BytesMut;
use protocol::client::{Request, Response};
use protocol::event::JobEvent;
use protocol::frame::{Frame, FrameCodec, FrameKind};
use protocol::hello::Hello;
use protocol::{JobSpec, Verdict};
use tests::Cluster;
use tokio_util::codec::{Decoder, Encoder};

/// A client over HTTP.
pub struct Http {
    agent: ureq::Agent,
    url: String,
}

impl Http {
    /// A client of this cluster.
    pub fn new(cluster: &Cluster) -> Self {
        Self { agent: ureq::Agent::new_with_defaults(), url: cluster.url("/jobs?wait=60") }
    }

    /// Submits a job and waits for its end, in one request.
    pub fn run(&self, spec: &JobSpec) {
        let mut answer = self.agent.post(&self.url).send_json(spec).unwrap();
        let job: serde_json::Value = answer.body_mut().read_json().unwrap();
        assert_eq!(job["verdict"], "ok", "{job}");
    }
}

/// A client over TCP.
pub struct Tcp {
    stream: TcpStream,
    received: BytesMut,
    next_stream: u32,
}

impl Tcp {
    /// Connects and greets.
    pub fn connect(cluster: &Cluster) -> Self {
        let stream = TcpStream::connect(cluster.address("clients")).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut tcp = Self { stream, received: BytesMut::new(), next_stream: 1 };
        tcp.send(Frame::hello(&Hello::new("bench", 60_000)).unwrap());
        tcp
    }

    /// Submits a job and follows its events to the last.
    pub fn run(&mut self, spec: &JobSpec) {
        let stream = self.next_stream;
        self.next_stream += 2;
        let spec = Box::new(spec.clone());
        let submit = Request::Submit { spec, stdin_follows: false, keep: false };
        self.send(Frame::control(stream, &submit).unwrap());
        loop {
            let frame = self.receive();
            match frame.kind {
                FrameKind::Ping => self.send(Frame::empty(FrameKind::Pong, 0)),
                FrameKind::Control => match frame.parse::<Response>().unwrap() {
                    Response::Event { event: JobEvent::Finished { job }, .. } => {
                        assert_eq!(job.verdict, Some(Verdict::Ok));
                        return;
                    }
                    Response::Refused { problem } => panic!("{problem}"),
                    _ => {}
                },
                _ => {}
            }
        }
    }

    fn send(&mut self, frame: Frame) {
        let mut bytes = BytesMut::new();
        FrameCodec.encode(frame, &mut bytes).unwrap();
        self.stream.write_all(&bytes).unwrap();
    }

    fn receive(&mut self) -> Frame {
        loop {
            if let Some(frame) = FrameCodec.decode(&mut self.received).unwrap() {
                return frame;
            }
            let mut buffer = [0; 16 * 1024];
            let length = self.stream.read(&mut buffer).unwrap();
            assert!(length > 0, "the controller hung up");
            self.received.extend_from_slice(&buffer[..length]);
        }
    }
}
