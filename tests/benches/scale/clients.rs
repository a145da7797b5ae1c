//! Clients over the TCP door, many jobs in flight on each connection: either always as many as there may be, or as
//! many a second as they are told.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use protocol::client::Request;
use protocol::frame::{Frame, FrameKind};
use protocol::hello::Hello;
use protocol::{JobSpec, SourceFile};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::frames::{Template, View, bytes, take_all};

/// Connections, and the jobs that may be in flight on each: fewer than the controller lets, which forgets one a moment
/// after its client has heard of its end.
pub const CONNECTIONS: usize = 16;
const STREAMS: usize = 160;

/// How often jobs that are due are submitted.
const TICK: Duration = Duration::from_millis(1);

/// What the clients have seen.
#[derive(Debug, Default)]
pub struct Tally {
    /// Whether a job that has finished is followed by another.
    refill: AtomicBool,
    /// Jobs that have finished.
    finished: AtomicU64,
    /// Jobs that have not.
    in_flight: AtomicU64,
    /// Notified when none is in flight any more.
    idle: Notify,
    latencies: Mutex<Latencies>,
}

/// How long jobs took, in microseconds.
#[derive(Debug, Default)]
pub struct Latencies {
    /// From when they were due to when their client heard that a runner has them.
    pub assigned: Vec<u32>,
    /// To when their client heard of their end.
    pub finished: Vec<u32>,
}

/// Clients that are connected.
pub struct Clients {
    connections: Vec<mpsc::Sender<Vec<Instant>>>,
    tally: Arc<Tally>,
    tasks: JoinSet<()>,
}

/// A job that is in flight.
struct Flight {
    due: Instant,
    assigned: Option<Instant>,
}

/// A connection with its jobs.
struct Connection {
    tally: Arc<Tally>,
    submit: Template,
    next_stream: u32,
    flights: HashMap<u32, Flight>,
    /// Jobs for which there is no stream at the moment.
    waiting: Vec<Instant>,
    out: Vec<u8>,
}

impl Clients {
    /// Connects, to submit jobs in this language.
    pub async fn connect(address: SocketAddr, language: &str) -> Self {
        let mut clients = Self { connections: Vec::new(), tally: Arc::default(), tasks: JoinSet::new() };
        for _ in 0..CONNECTIONS {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            stream.write_all(&greeting()).await.unwrap();
            let (sender, receiver) = mpsc::channel(1024);
            let connection = Connection::new(Arc::clone(&clients.tally), submit(language, false));
            clients.connections.push(sender);
            clients.tasks.spawn(connection.serve(stream, receiver));
        }
        clients
    }

    /// Keeps so many jobs in flight for so long. Returns how many have finished in that time, and how long it was.
    pub async fn saturate(&self, jobs: usize, time: Duration) -> (u64, Duration) {
        self.tally.refill.store(true, Ordering::Relaxed);
        let each = jobs.div_ceil(CONNECTIONS);
        for connection in &self.connections {
            connection.send(vec![Instant::now(); each]).await.unwrap();
        }
        // What begins is not counted.
        tokio::time::sleep(time / 4).await;
        let (since, before) = (Instant::now(), self.done());
        tokio::time::sleep(time).await;
        let (elapsed, count) = (since.elapsed(), self.done() - before);
        self.tally.refill.store(false, Ordering::Relaxed);
        self.idle().await;
        (count, elapsed)
    }

    /// Submits so many jobs a second for so long, and waits for all of them.
    pub async fn pace(&self, a_second: f64, time: Duration) -> Latencies {
        *self.tally.latencies.lock().unwrap() = Latencies::default();
        let begin = Instant::now();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let (mut submitted, mut turn) = (0, 0);
        while begin.elapsed() < time {
            ticks.tick().await;
            let until = (begin.elapsed().as_secs_f64() * a_second) as u64;
            // A job is late if its turn to be submitted was: the time of its turn counts.
            let dues = (submitted..until).map(|job| begin + Duration::from_secs_f64(job as f64 / a_second));
            let dues: Vec<Instant> = dues.collect();
            submitted = until;
            if !dues.is_empty() {
                self.connections[turn % CONNECTIONS].send(dues).await.unwrap();
                turn += 1;
            }
        }
        self.idle().await;
        std::mem::take(&mut self.tally.latencies.lock().unwrap())
    }

    /// How many jobs have finished.
    pub fn done(&self) -> u64 {
        self.tally.finished.load(Ordering::Relaxed)
    }

    /// Waits until nothing is in flight.
    async fn idle(&self) {
        while self.tally.in_flight.load(Ordering::Relaxed) > 0 {
            let _ = tokio::time::timeout(Duration::from_millis(50), self.tally.idle.notified()).await;
        }
    }
}

impl Connection {
    fn new(tally: Arc<Tally>, submit: Template) -> Self {
        let (flights, waiting, out) = (HashMap::new(), Vec::new(), Vec::new());
        Self { tally, submit, next_stream: 1, flights, waiting, out }
    }

    async fn serve(mut self, mut stream: TcpStream, mut dues: mpsc::Receiver<Vec<Instant>>) {
        let mut input = BytesMut::with_capacity(64 << 10);
        loop {
            tokio::select! {
                read = stream.read_buf(&mut input) => {
                    assert!(read.unwrap() > 0, "the controller hung up");
                    take_all(&mut input, |frame| self.take(frame));
                }
                Some(dues) = dues.recv() => {
                    self.tally.in_flight.fetch_add(dues.len() as u64, Ordering::Relaxed);
                    self.waiting.extend(dues);
                }
                else => return,
            }
            self.submit_waiting();
            if !self.out.is_empty() {
                stream.write_all(&self.out).await.unwrap();
                self.out.clear();
            }
        }
    }

    fn submit_waiting(&mut self) {
        let free = STREAMS.saturating_sub(self.flights.len()).min(self.waiting.len());
        for due in self.waiting.drain(..free) {
            self.submit.append(self.next_stream, &mut self.out);
            self.flights.insert(self.next_stream, Flight { due, assigned: None });
            self.next_stream += 1;
        }
    }

    fn take(&mut self, frame: View<'_>) {
        if frame.is(FrameKind::Ping) {
            self.out.extend(bytes(&Frame::empty(FrameKind::Pong, 0)));
        }
        let Some(flight) = self.flights.get_mut(&frame.stream) else { return };
        match event(frame.payload) {
            Some(Event::Started) => flight.assigned = Some(Instant::now()),
            Some(Event::Finished) => self.finished(frame),
            None if frame.payload.starts_with(b"{\"type\":\"refused\"") => panic!("{}", text(frame.payload)),
            None => {}
        }
    }

    fn finished(&mut self, frame: View<'_>) {
        assert!(contains(frame.payload, b"\"verdict\":\"ok\""), "{}", text(frame.payload));
        let Some(flight) = self.flights.remove(&frame.stream) else { return };
        let now = Instant::now();
        let microseconds = |until: Instant| (until - flight.due).as_micros() as u32;
        let mut latencies = self.tally.latencies.lock().unwrap();
        latencies.assigned.push(microseconds(flight.assigned.expect("a job starts before it ends")));
        latencies.finished.push(microseconds(now));
        drop(latencies);
        self.tally.finished.fetch_add(1, Ordering::Relaxed);
        if self.tally.refill.load(Ordering::Relaxed) {
            self.waiting.push(now);
        } else if self.tally.in_flight.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.tally.idle.notify_one();
        }
    }
}

/// Queues so many jobs in this language that go on without their client.
pub async fn leave(address: SocketAddr, language: &str, mut jobs: usize) {
    let submit = submit(language, true);
    while jobs > 0 {
        let now = jobs.min(STREAMS);
        jobs -= now;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut out = greeting();
        (1..=now).for_each(|id| submit.append(id as u32, &mut out));
        stream.write_all(&out).await.unwrap();
        let (mut input, mut accepted) = (BytesMut::new(), 0);
        while accepted < now {
            assert!(stream.read_buf(&mut input).await.unwrap() > 0, "the controller hung up");
            take_all(&mut input, |frame| {
                assert!(!frame.payload.starts_with(b"{\"type\":\"refused\""), "{}", text(frame.payload));
                accepted += usize::from(frame.payload.starts_with(b"{\"type\":\"accepted\""));
            });
        }
    }
}

/// What a client is told that matters here.
enum Event {
    Started,
    Finished,
}

fn event(payload: &[u8]) -> Option<Event> {
    const MARK: &[u8] = b"\"event\":{\"type\":\"";
    let head = &payload[..payload.len().min(64)];
    let at = head.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    match &payload[at..] {
        rest if rest.starts_with(b"started\"") => Some(Event::Started),
        rest if rest.starts_with(b"finished\"") => Some(Event::Finished),
        _ => None,
    }
}

fn greeting() -> Vec<u8> {
    bytes(&Frame::hello(&Hello::new("scale", 60_000)).unwrap())
}

fn submit(language: &str, keep: bool) -> Template {
    let content = "#include <stdio.h>\nint main(void) { puts(\"Hello\"); }\n";
    let files = vec![SourceFile { path: "main.c".to_owned(), content: content.into() }];
    let spec = Box::new(JobSpec { language: language.to_owned(), files, ..JobSpec::default() });
    Template::new(&[Request::Submit { spec, stdin_follows: false, keep }])
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
