//! A runner's link to one controller that it is registered with.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use protocol::frame::{Frame, FrameKind};
use protocol::runner::{Assignment, FromRunner, Telemetry, ToRunner};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::chance::Chance;
use super::runner::{Key, Life, Unheld};
use super::socket::Socket;
use super::work::{Conduct, Work};

/// How often a runner says how it is.
pub const TELEMETRY: Duration = Duration::from_secs(1);

/// A link to a controller that this runner is registered with.
pub struct Session {
    life: Arc<Life>,
    controller: usize,
    socket: Socket,
    chance: Chance,
    streams: BTreeMap<u32, Stream>,
    arriving: BTreeMap<u32, Arriving>,
    /// What was held when it registered last.
    announced: Vec<(Key, Instant)>,
}

/// An attempt on this link.
struct Stream {
    key: Key,
    work: Arc<Work>,
    /// How many of its reports have been sent here.
    sent: usize,
}

/// A job whose contents are still to come.
struct Arriving {
    assignment: Assignment,
    expected: usize,
    contents: Vec<u8>,
}

impl Session {
    pub fn new(life: &Arc<Life>, controller: usize, socket: Socket, chance: Chance) -> Self {
        let (streams, arriving) = (BTreeMap::new(), BTreeMap::new());
        let announced = Vec::new();
        Self { life: Arc::clone(life), controller, socket, chance, streams, arriving, announced }
    }

    /// Serves until the link breaks.
    pub async fn serve(mut self) -> io::Result<Infallible> {
        self.register().await?;
        let mut news = self.life.news.subscribe();
        let mut telemetry = interval(TELEMETRY);
        telemetry.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = telemetry.tick() => {
                    self.tell_how_it_is().await?;
                    self.announce().await?;
                }
                _ = news.changed() => self.report().await?,
                frame = self.socket.next() => self.take(frame?).await?,
            }
        }
    }

    async fn register(&mut self) -> io::Result<()> {
        self.announced = self.life.held_for(self.controller);
        let held: Vec<Key> = self.announced.iter().map(|(key, _)| *key).collect();
        self.socket.say(0, &FromRunner::Register(self.life.registration(&held))).await
    }

    /// Registers again where it holds more for this controller.
    async fn announce(&mut self) -> io::Result<()> {
        let held = self.life.held_for(self.controller);
        match held.iter().any(|held| !self.announced.contains(held)) {
            true => self.register().await,
            false => Ok(()),
        }
    }

    async fn tell_how_it_is(&mut self) -> io::Result<()> {
        let telemetry = Telemetry {
            cpu_percent: 1.0,
            memory_percent: 1.0,
            load: 0.1,
            active_jobs: self.life.busy(),
            active_containers: 0,
            warm: BTreeMap::new(),
            unavailable: None,
            draining: false,
        };
        self.socket.say(0, &FromRunner::Telemetry(telemetry)).await
    }

    /// Sends what there is to report.
    async fn report(&mut self) -> io::Result<()> {
        let mut over = Vec::new();
        for (number, stream) in &mut self.streams {
            if stream.work.is_over() {
                over.push(*number);
            }
            for report in stream.work.reports_from(stream.sent) {
                self.socket.send(report.frame(*number)).await?;
                stream.sent += 1;
            }
        }
        if !self.life.holds {
            let over = over.iter().filter_map(|number| self.streams.remove(number));
            over.for_each(|stream| self.life.forget(stream.key));
        }
        Ok(())
    }

    async fn take(&mut self, frame: Frame) -> io::Result<()> {
        match frame.kind {
            FrameKind::Control => self.take_message(frame.stream, frame.parse()?).await?,
            FrameKind::Blob => {
                let job = self.arriving.get_mut(&frame.stream).ok_or(io::ErrorKind::InvalidData)?;
                job.contents.extend_from_slice(&frame.payload);
            }
            _ => {}
        }
        if self.arriving.get(&frame.stream).is_some_and(|job| job.contents.len() == job.expected)
            && let Some(job) = self.arriving.remove(&frame.stream)
        {
            self.begin(frame.stream, job);
        }
        Ok(())
    }

    async fn take_message(&mut self, stream: u32, message: ToRunner) -> io::Result<()> {
        match message {
            ToRunner::Run(assignment) => {
                let expected = assignment.spec.detached_sizes().iter().sum::<u64>() as usize;
                let job = Arriving { assignment: *assignment, expected, contents: Vec::new() };
                self.arriving.insert(stream, job);
            }
            ToRunner::Cancel => {
                self.streams.get(&stream).inspect(|stream| stream.work.cancel.cancel());
            }
            ToRunner::Resume { job, attempt } => return self.resume(stream, (job, attempt)).await,
            ToRunner::Forget { job, attempt } => self.life.forget_held((job, attempt)),
            ToRunner::Recorded => {
                if let Some(stream) = self.streams.remove(&stream) {
                    self.life.forget(stream.key);
                }
            }
            ToRunner::Refused { .. } => return Err(io::ErrorKind::PermissionDenied.into()),
            ToRunner::Signal { .. } | ToRunner::Resize { .. } => {}
            ToRunner::Registered | ToRunner::Drain | ToRunner::Renew | ToRunner::Certified { .. } => {}
        }
        Ok(())
    }

    fn begin(&mut self, stream: u32, job: Arriving) {
        let Arriving { mut assignment, contents, .. } = job;
        let mut rest = Bytes::from(contents);
        let sizes = assignment.spec.detached_sizes();
        let contents = sizes.iter().map(|size| rest.split_to(*size as usize)).collect();
        assignment.spec.attach(contents).unwrap();
        self.check_count();
        let conduct = self.conduct();
        let key = (assignment.job, assignment.attempt);
        let work = Work::new();
        let chance = Chance::of(self.chance.next(), "work");
        let run = Arc::clone(&work).run(assignment, conduct, chance, self.life.news.clone());
        self.life.begin(key, self.controller, Arc::clone(&work), run);
        self.streams.insert(stream, Stream { key, work, sent: 0 });
    }

    /// A controller never has more at a runner than that said it takes.
    fn check_count(&self) {
        let world = &self.life.world;
        let given = self.streams.values().filter(|stream| !stream.work.is_over()).count();
        if given >= self.life.max_jobs as usize {
            let (runner, controller) = (self.life.index, self.controller);
            let what = format!("controller {controller} gave runner {runner} more than it takes");
            world.oracle.violation(world, what);
        }
    }

    fn conduct(&mut self) -> Conduct {
        let world = &self.life.world;
        let misbehaves = world.setup.faults.conduct && !world.is_calm();
        match self.life.busy() >= self.life.max_jobs {
            true => Conduct::Refuses,
            false if misbehaves => Conduct::of(&mut self.chance),
            false => Conduct::Well,
        }
    }

    async fn resume(&mut self, stream: u32, key: Key) -> io::Result<()> {
        match self.life.resume(key, self.controller) {
            Ok(work) => {
                self.streams.insert(stream, Stream { key, work, sent: 0 });
                self.life.news.send_modify(|version| *version += 1);
                Ok(())
            }
            Err(Unheld::Elsewhere) => self.socket.say(stream, &FromRunner::Elsewhere).await,
            Err(Unheld::Unknown) => {
                let reason = "it does not hold it any more".to_owned();
                self.socket.say(stream, &FromRunner::Failed { reason }).await
            }
        }
    }
}
