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

/// A client over HTTP. It reads no more than it has to: its own time counts on the same processors.
pub struct Http {
    stream: TcpStream,
    host: String,
    received: Vec<u8>,
}

impl Http {
    /// Connects.
    pub fn connect(cluster: &Cluster) -> Self {
        let host = cluster.address("http").to_owned();
        let stream = TcpStream::connect(&host).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, host, received: Vec::new() }
    }

    /// Submits a job and waits for its end, in one request.
    pub fn run(&mut self, spec: &JobSpec) {
        let body = serde_json::to_string(spec).unwrap();
        let (host, length) = (&self.host, body.len());
        let request = format!(
            "POST /api/v1/jobs?wait=60 HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).unwrap();
        let head = self.receive(|received| Some(find(received, b"\r\n\r\n")? + 4));
        let head = String::from_utf8(head).unwrap().to_lowercase();
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        let length = head.split_once("content-length: ").unwrap().1.lines().next().unwrap();
        let length: usize = length.parse().unwrap();
        let job = self.receive(|received| (received.len() >= length).then_some(length));
        assert!(find(&job, br#""verdict":"ok""#).is_some(), "{}", String::from_utf8_lossy(&job));
    }

    /// The next bytes, once it is known how many.
    fn receive(&mut self, length: impl Fn(&[u8]) -> Option<usize>) -> Vec<u8> {
        loop {
            if let Some(length) = length(&self.received) {
                let rest = self.received.split_off(length);
                return std::mem::replace(&mut self.received, rest);
            }
            let mut buffer = [0; 16 * 1024];
            let length = self.stream.read(&mut buffer).unwrap();
            assert!(length > 0, "the controller hung up");
            self.received.extend_from_slice(&buffer[..length]);
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
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
