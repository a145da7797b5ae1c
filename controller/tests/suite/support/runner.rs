//! A runner that runs nothing: tests say what it reports.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::Bytes;
use protocol::event::OutputStream;
use protocol::frame::{Frame, FrameKind, OutputChunk};
use protocol::hello::{DRAIN, Hello, RESUME};
use protocol::runner::{
    Assignment, FromRunner, HeldAttempt, LanguageOffer, Registration, Telemetry, ToRunner,
};
use protocol::{Limits, Problem, RunnerId, Step, StepResult, Verdict};

use super::Peer;

/// The step of the only run.
pub const RUN: Step = Step(1);

pub struct Runner {
    pub peer: Peer,
}

/// A job that the runner was given.
#[derive(Debug)]
pub struct Given {
    pub stream: u32,
    pub assignment: Assignment,
}

pub fn registration(name: &str, slots: u32) -> Registration {
    let limits = |seconds| Limits {
        cpu_seconds: seconds,
        wall_seconds: 2.0 * seconds,
        memory_bytes: 1 << 28,
        processes: 64,
        output_bytes: 1 << 20,
        disk_bytes: 1 << 24,
    };
    let language = |id: &str, alias: &str, extension: &str| LanguageOffer {
        id: id.to_owned(),
        name: id.to_uppercase(),
        aliases: vec![alias.to_owned()],
        extensions: vec![extension.to_owned()],
        version: Some("1".to_owned()),
        default_limits: limits(2.0),
        maximum_limits: limits(10.0),
    };
    Registration {
        id: RunnerId::random(),
        name: name.to_owned(),
        version: "1".to_owned(),
        languages: vec![language("c", "c17", "c"), language("python", "py", "py")],
        max_jobs: slots,
        cpus: 2,
        memory_bytes: 1 << 30,
        selftest: None,
        started_at: None,
        labels: std::collections::BTreeMap::new(),
        features: Default::default(),
        held: Vec::new(),
    }
}

pub fn telemetry() -> Telemetry {
    Telemetry {
        cpu_percent: 1.0,
        memory_percent: 10.0,
        load: 0.1,
        active_jobs: 0,
        active_containers: 0,
        warm: BTreeMap::new(),
        unavailable: None,
        draining: false,
    }
}

impl Given {
    /// How it is announced when it is held.
    pub fn held(&self) -> HeldAttempt {
        HeldAttempt { job: self.assignment.job, attempt: self.assignment.attempt, stdin: None }
    }
}

/// The hello of a runner that holds its attempts when a link breaks, and can be told to leave.
pub fn resuming() -> Hello {
    Hello::new("test", 2_000).with_features(&[RESUME, DRAIN])
}

impl Runner {
    /// Joins the cluster.
    pub async fn join(address: SocketAddr, registration: Registration) -> Result<Self, Problem> {
        Self::join_as(address, &Hello::new("test", 2_000), registration).await
    }

    pub async fn join_as(
        address: SocketAddr,
        hello: &Hello,
        registration: Registration,
    ) -> Result<Self, Problem> {
        let mut runner = Self { peer: Peer::connect(address, hello).await };
        runner.register(registration).await?;
        Ok(runner)
    }

    /// Says who it is, and what it offers from now on.
    pub async fn register(&mut self, registration: Registration) -> Result<(), Problem> {
        self.peer.say(0, &FromRunner::Register(registration)).await;
        let answer = self.peer.next().await.expect("the controller has hung up");
        match answer.parse().unwrap() {
            ToRunner::Registered => Ok(()),
            ToRunner::Refused { problem } => Err(problem),
            other => panic!("not an answer to a registration: {other:?}"),
        }
    }

    pub async fn measured(&mut self, telemetry: Telemetry) {
        self.peer.say(0, &FromRunner::Telemetry(telemetry)).await;
    }

    /// The next message that is not about output or contents, and its stream.
    pub async fn told(&mut self) -> (u32, ToRunner) {
        let frame = self.peer.next().await.expect("the controller has hung up");
        (frame.stream, frame.parse().unwrap())
    }

    /// Waits until it is told to go on with an attempt that it holds.
    pub async fn resumed(&mut self, held: &Given) -> Given {
        let (job, attempt) = (held.assignment.job, held.assignment.attempt);
        let (stream, message) = self.told().await;
        assert_eq!(message, ToRunner::Resume { job, attempt });
        Given { stream, assignment: held.assignment.clone() }
    }

    /// The next job, with its contents.
    pub async fn given(&mut self) -> Given {
        let frame = self.peer.next().await.expect("the controller has hung up");
        let ToRunner::Run(assignment) = frame.parse().unwrap() else { panic!("not a job: {frame:?}") };
        let mut assignment = *assignment;
        let mut contents = Vec::new();
        for size in assignment.spec.detached_sizes() {
            contents.push(self.blob(frame.stream, size).await);
        }
        assignment.spec.attach(contents).unwrap();
        Given { stream: frame.stream, assignment }
    }

    async fn blob(&mut self, stream: u32, size: u64) -> Bytes {
        let mut blob = Vec::new();
        while (blob.len() as u64) < size {
            let frame = self.peer.next().await.expect("the controller has hung up");
            assert_eq!((frame.kind, frame.stream), (FrameKind::Blob, stream));
            let credit = u32::try_from(frame.payload.len()).unwrap();
            self.peer.send(Frame::credit(stream, credit)).await;
            blob.extend_from_slice(&frame.payload);
        }
        blob.into()
    }

    /// All input of a job, to its end.
    pub async fn stdin(&mut self, job: &Given) -> Vec<u8> {
        let mut input = Vec::new();
        loop {
            let frame = self.peer.next().await.expect("the controller has hung up");
            assert_eq!(frame.stream, job.stream);
            match frame.kind {
                FrameKind::Stdin => input.extend_from_slice(&frame.payload),
                FrameKind::StdinEnd => return input,
                kind => panic!("{kind:?} is no input"),
            }
        }
    }

    /// Waits until it is told to stop a job.
    pub async fn cancelled(&mut self, job: &Given) {
        let frame = self.peer.next().await.expect("the controller has hung up");
        assert_eq!((frame.kind, frame.stream), (FrameKind::Control, job.stream));
        assert_eq!(frame.parse::<ToRunner>().unwrap(), ToRunner::Cancel);
    }

    pub async fn tell(&mut self, job: &Given, message: FromRunner) {
        self.peer.say(job.stream, &message).await;
    }

    pub async fn send(&mut self, frame: Frame) {
        self.peer.send(frame).await;
    }

    /// Begins the only run and writes to its standard output.
    pub async fn write(&mut self, job: &Given, output: &str) {
        self.tell(job, FromRunner::StepStarted { step: RUN }).await;
        self.output(job, OutputStream::Stdout, output.as_bytes()).await;
    }

    pub async fn output(&mut self, job: &Given, stream: OutputStream, data: &[u8]) {
        let data = Bytes::copy_from_slice(data);
        let chunk = OutputChunk { seq: 0, step: RUN, stream, data };
        self.peer.send(Frame::output(job.stream, &chunk)).await;
    }

    /// Ends the run that has begun, and the job with it.
    pub async fn finish(&mut self, job: &Given, verdict: Verdict) {
        let result = StepResult::new(verdict);
        self.tell(job, FromRunner::StepFinished { step: RUN, result }).await;
        self.tell(job, FromRunner::Finished { verdict, message: None }).await;
    }

    /// Runs the next job: it writes this, and all is well.
    pub async fn run_next(&mut self, output: &str) -> Given {
        let job = self.given().await;
        self.write(&job, output).await;
        self.finish(&job, Verdict::Ok).await;
        job
    }
}
