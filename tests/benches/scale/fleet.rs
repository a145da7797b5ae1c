//! Simulated runners: each has a TCP link of its own, speaks the runners' protocol, says once a second how it is, and
//! has every job done at once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use protocol::frame::{Frame, FrameKind};
use protocol::hello::Hello;
use protocol::runner::{FromRunner, LanguageOffer, Registration, Telemetry};
use protocol::{Limits, RunnerId, Step, StepResult, Verdict};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at};

use crate::frames::{Template, bytes, take_all};

/// What the runners run, and what only one offers, which never takes a job: jobs in it wait for ever.
pub const LANGUAGE: &str = "c";
pub const PARKED: &str = "parked";

/// How often a runner says how it is.
pub const TELEMETRY: Duration = Duration::from_secs(1);

/// How many jobs a runner takes at once.
pub const SLOTS: u32 = 4;

/// Runners that connect at the same time.
const WAVE: usize = 250;

/// Runners that are connected. Dropped, they are gone.
pub struct Fleet {
    script: Arc<Script>,
    held: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// What a runner says, made once.
struct Script {
    available: Vec<u8>,
    unavailable: Vec<u8>,
    pong: Vec<u8>,
    job: Template,
}

impl Fleet {
    /// So many runners, and the one that never takes a job.
    pub async fn join(address: SocketAddr, count: usize) -> Self {
        let (held, _) = watch::channel(false);
        let mut fleet = Self { script: Arc::new(Script::new()), held, tasks: JoinSet::new() };
        let (always, _) = watch::channel(true);
        fleet.add(address, "parked".to_owned(), PARKED, always.subscribe(), TELEMETRY).await;
        for index in 0..count {
            // Spread over the second, as they would be by themselves.
            let phase = TELEMETRY.mul_f64(index as f64 / count as f64);
            let held = fleet.held.subscribe();
            fleet.add(address, format!("sim-{index}"), LANGUAGE, held, phase).await;
            if index % WAVE == 0 {
                tokio::task::yield_now().await;
            }
        }
        // One that is parked for ever needs its sender for ever.
        fleet.tasks.spawn(async move { always.closed().await });
        fleet
    }

    /// Lets the runners take jobs, or say that they take none.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    async fn add(
        &mut self,
        address: SocketAddr,
        name: String,
        language: &str,
        held: watch::Receiver<bool>,
        phase: Duration,
    ) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut greeting = bytes(&Frame::hello(&Hello::new("scale", 10_000)).unwrap());
        Template::new(&[FromRunner::Register(registration(name, language))]).append(0, &mut greeting);
        stream.write_all(&greeting).await.unwrap();
        let script = Arc::clone(&self.script);
        self.tasks.spawn(async move {
            if let Err(error) = serve(&script, stream, held, phase).await {
                eprintln!("a simulated runner has ended: {error}");
            }
        });
    }
}

async fn serve(
    script: &Script,
    mut stream: TcpStream,
    mut held: watch::Receiver<bool>,
    phase: Duration,
) -> std::io::Result<()> {
    let mut input = BytesMut::with_capacity(4096);
    let mut out = Vec::new();
    let mut ticks = interval_at(Instant::now() + phase, TELEMETRY);
    stream.write_all(script.telemetry(&held)).await?;
    loop {
        tokio::select! {
            read = stream.read_buf(&mut input) => {
                if read? == 0 {
                    return Ok(());
                }
                script.answer(&mut input, &mut out);
            }
            _ = ticks.tick() => out.extend_from_slice(script.telemetry(&held)),
            Ok(()) = held.changed() => out.extend_from_slice(script.telemetry(&held)),
        }
        if !out.is_empty() {
            stream.write_all(&out).await?;
            out.clear();
        }
    }
}

impl Script {
    fn new() -> Self {
        let step = Step::run(0);
        let one = |telemetry| {
            let mut bytes = Vec::new();
            Template::new(&[FromRunner::Telemetry(telemetry)]).append(0, &mut bytes);
            bytes
        };
        Self {
            available: one(telemetry(None)),
            unavailable: one(telemetry(Some("is held back".to_owned()))),
            pong: bytes(&Frame::empty(FrameKind::Pong, 0)),
            job: Template::new(&[
                FromRunner::StepStarted { step },
                FromRunner::StepFinished { step, result: StepResult::new(Verdict::Ok) },
                FromRunner::Finished { verdict: Verdict::Ok, message: None },
            ]),
        }
    }

    fn telemetry(&self, held: &watch::Receiver<bool>) -> &[u8] {
        if *held.borrow() { &self.unavailable } else { &self.available }
    }

    /// Contents of a job, and that its end is recorded, need no answer.
    fn answer(&self, input: &mut BytesMut, out: &mut Vec<u8>) {
        take_all(input, |frame| {
            if frame.is(FrameKind::Control) && frame.payload.starts_with(b"{\"type\":\"run\"") {
                self.job.append(frame.stream, out);
            } else if frame.is(FrameKind::Control) && frame.payload.starts_with(b"{\"type\":\"refused\"") {
                eprintln!("a runner is refused: {}", String::from_utf8_lossy(frame.payload));
            } else if frame.is(FrameKind::Ping) {
                out.extend_from_slice(&self.pong);
            }
        });
    }
}

fn registration(name: String, language: &str) -> Registration {
    let limits = |seconds| Limits {
        cpu_seconds: seconds,
        wall_seconds: 2.0 * seconds,
        memory_bytes: 1 << 28,
        processes: 64,
        output_bytes: 1 << 20,
        disk_bytes: 1 << 26,
    };
    // As many as a runner offers as it comes.
    let others = ["python", "java", "cpp"].map(str::to_owned);
    let languages = others.into_iter().filter(|_| language == LANGUAGE).chain([language.to_owned()]);
    let languages = languages.map(|id| LanguageOffer {
        name: id.to_uppercase(),
        aliases: Vec::new(),
        extensions: Vec::new(),
        version: Some("1.0".to_owned()),
        default_limits: limits(5.0),
        maximum_limits: limits(60.0),
        id,
    });
    Registration {
        id: RunnerId::random(),
        name,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        languages: languages.collect(),
        max_jobs: SLOTS,
        cpus: 4,
        memory_bytes: 8 << 30,
        selftest: None,
        started_at: None,
        labels: BTreeMap::new(),
        features: Default::default(),
        held: Vec::new(),
    }
}

fn telemetry(unavailable: Option<String>) -> Telemetry {
    Telemetry {
        cpu_percent: 12.5,
        memory_percent: 40.0,
        load: 0.5,
        active_jobs: 0,
        active_containers: 2,
        warm: BTreeMap::from([(LANGUAGE.to_owned(), 1)]),
        unavailable,
        draining: false,
    }
}
