//! How those behave who come to a door for something else than jobs: what they say first, and what then.

use std::time::Duration;

use serde_json::{Value, json};

/// Kinds of frames.
const HELLO: u8 = 1;
const CONTROL: u8 = 2;
const PING: u8 = 3;

/// How often honest peers let themselves be heard.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// What a peer does once it has said what it says first.
#[derive(Debug, Clone)]
pub enum Then {
    /// Nothing more.
    Nothing,
    /// This byte, ten times a second.
    Drip(u8),
    /// This, again and again, as fast as it is taken.
    Repeat(Vec<u8>),
    /// This, every so often.
    Every(Duration, Vec<u8>),
}

/// How a peer behaves.
#[derive(Debug, Clone)]
pub struct Manner {
    /// In a word or two.
    pub name: &'static str,
    /// The door it comes to: `clients`, `runners` or `http`.
    pub door: &'static str,
    /// What it says first.
    pub first: Vec<u8>,
    /// What then.
    pub then: Then,
    /// Whether it reads what it is told.
    pub reads: bool,
}

fn manner(name: &'static str, door: &'static str, first: impl Into<Vec<u8>>, then: Then) -> Manner {
    Manner { name, door, first: first.into(), then, reads: true }
}

/// Peers that mean no harm and have nothing to do: clients, runners that take no job, and pages that watch this job.
pub fn idle(job: &str) -> [Manner; 3] {
    let heartbeat = || Then::Every(HEARTBEAT, frame(PING, b""));
    let page = format!("GET /api/v1/jobs/{job}/events HTTP/1.1\r\nhost: localhost\r\n\r\n");
    [
        manner("idle client", "clients", hello(), heartbeat()),
        manner("idle runner", "runners", hello(), heartbeat()),
        manner("idle page", "http", page, Then::Nothing),
    ]
}

/// What an idle runner says of itself.
pub fn registration(number: usize) -> Vec<u8> {
    let limits = json!({ "cpu_seconds": 1, "wall_seconds": 2, "memory_bytes": 1 << 20, "processes": 1,
        "output_bytes": 1, "disk_bytes": 1 });
    let language =
        json!({ "id": "parked", "name": "Parked", "default_limits": limits, "maximum_limits": limits });
    let register = json!({ "type": "register", "id": format!("00000000-0000-4000-8000-{number:012}"),
        "name": format!("idle-{number}"), "version": "0", "languages": [language], "max_jobs": 1, "cpus": 1,
        "memory_bytes": 1 });
    let telemetry = json!({ "type": "telemetry", "cpu_percent": 0, "memory_percent": 0, "load": 0, "active_jobs": 0,
        "active_containers": 0, "unavailable": "it has nothing to do" });
    [control(&register), control(&telemetry)].concat()
}

/// Peers that mean harm, of every kind once. What those ask for who never read is this job, which has much to say.
pub fn hostile(job: &str) -> Vec<Manner> {
    let frames = ["clients", "runners"].into_iter().flat_map(|door| hostile_with_frames(door, job));
    frames.chain(hostile_with_http(job)).collect()
}

fn hostile_with_frames(door: &'static str, job: &str) -> Vec<Manner> {
    let large = [&[0, 15, 0, 0, CONTROL, 0, 0, 0, 1][..], &vec![b' '; 900_000]].concat();
    let request = |stream| control_on(stream, &json!({ "type": "watch", "id": job }));
    let asking = [hello(), (1..100).flat_map(request).collect()].concat();
    let ping = Then::Every(HEARTBEAT / 5, frame(PING, b""));
    vec![
        manner("says nothing", door, "", Then::Nothing),
        manner("stops inside its hello", door, &hello()[..20], Then::Nothing),
        manner("drips its hello", door, &frame(HELLO, &vec![b' '; 10_000])[..9], Then::Drip(b' ')),
        manner("pings instead of greeting", door, "", ping.clone()),
        manner("says garbage", door, garbage(), Then::Repeat(garbage())),
        manner("announces a giant frame", door, [0x7f, 0xff, 0xff, 0xff], Then::Repeat(vec![0; 65_536])),
        manner("drips a frame", door, [hello(), vec![0, 15, 0, 0, CONTROL]].concat(), Then::Drip(b' ')),
        manner("stops inside a large frame", door, [hello(), large].concat(), Then::Nothing),
        manner("greets and falls silent", door, hello(), Then::Nothing),
        Manner { reads: false, ..manner("never reads", door, asking, ping) },
    ]
}

fn hostile_with_http(job: &str) -> Vec<Manner> {
    let post = |length: u64| {
        format!(
            "POST /api/v1/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n"
        )
    };
    let get = "GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n";
    let asking = format!("{get}\r\n").into_bytes();
    let much = format!("GET /api/v1/jobs/{job} HTTP/1.1\r\nhost: localhost\r\n\r\n").repeat(100);
    vec![
        manner("says nothing", "http", "", Then::Nothing),
        manner("stops inside its head", "http", get, Then::Nothing),
        manner("drips its head", "http", format!("{get}x-drip: "), Then::Drip(b'x')),
        manner("has endless headers", "http", get, Then::Repeat(b"x: y\r\n".repeat(1000))),
        manner("says garbage", "http", garbage(), Then::Repeat(garbage())),
        manner("announces a giant body", "http", post(1 << 40), Then::Repeat(vec![b' '; 65_536])),
        manner("drips its body", "http", post(1 << 20), Then::Drip(b' ')),
        manner(
            "stops inside its body",
            "http",
            [post(1 << 20).into_bytes(), vec![b' '; 900_000]].concat(),
            Then::Nothing,
        ),
        manner("asks once and stays", "http", asking, Then::Nothing),
        Manner { reads: false, ..manner("never reads", "http", much, Then::Drip(b'x')) },
    ]
}

fn hello() -> Vec<u8> {
    frame(
        HELLO,
        json!({ "protocol": 1, "software": "stranger/0", "heartbeat_ms": 10_000, "window": 100_000_000 })
            .to_string()
            .as_bytes(),
    )
}

fn control(message: &Value) -> Vec<u8> {
    control_on(0, message)
}

fn control_on(stream: u32, message: &Value) -> Vec<u8> {
    framed(CONTROL, stream, message.to_string().as_bytes())
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    framed(kind, 0, payload)
}

fn framed(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = 5 + payload.len() as u32;
    [&length.to_be_bytes()[..], &[kind], &stream.to_be_bytes(), payload].concat()
}

/// Bytes without any sense, always the same.
fn garbage() -> Vec<u8> {
    let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    std::iter::successors(Some(1_u32), next).take(4096).map(|state| (state >> 24) as u8).collect()
}
