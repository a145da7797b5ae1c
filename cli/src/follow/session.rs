//! One loop owns everything: it waits for whatever comes first and deals with that alone.

mod finish;
mod talking;
mod trouble;

use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use protocol::client::{Request, Response};
use protocol::frame::{Frame, FrameKind};
use protocol::{Job, JobId, Problem, ProblemKind, Verdict};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::credit::Credit;
use super::progress::{News, Progress};
use super::reconnect::Loss;
use super::resubmission::Resubmission;
use super::{FREE_STREAM, JOB_STREAM, Mode, Plan};
use crate::args::ViewArgs;
use crate::bar::TestBar;
use crate::client::Link;
use crate::failure::Failure;
use crate::messages;
use crate::printer::{Printer, Report};
use crate::settings::Masters;
use crate::upload::Upload;
use talking::{Hand, Talking, hand};

/// How long a job may wait before the user is told.
const QUIET_WAIT: Duration = Duration::from_secs(1);

/// A job that is being followed.
pub struct Session {
    link: Link,
    /// The stream of the job.
    stream: u32,
    /// The next one that is free.
    free_stream: u32,
    talk: Option<Talking>,
    progress: Progress,
    upload: Upload,
    /// As long as the job was not accepted.
    resubmission: Option<Resubmission>,
    masters: Masters,
    stdin: Option<mpsc::Receiver<Bytes>>,
    printer: Printer,
    interrupts: Signal,
    credit: Credit,
    mode: Mode,
    view: ViewArgs,
    /// Where the job is in the queue, and when to say so.
    waiting: Option<(u64, Instant)>,
    told_waiting: bool,
    stop: Option<Stop>,
    loss: Option<Loss>,
    was_lost: bool,
    /// Where the job's output is not shown.
    bar: Option<TestBar>,
}

/// How the following ended.
#[derive(Debug)]
pub enum Ending {
    /// The job has its verdict.
    Finished(Box<Job>),
    /// It is recorded, which is all that was wanted.
    Accepted(JobId),
    /// It was refused.
    Refused(Problem),
    /// The watcher left; the job goes on.
    LeftRunning(Option<JobId>),
    /// Whoever talked with the program left, and may come back.
    Detached(Option<JobId>),
    /// It was to be stopped and nobody says that it is.
    Unconfirmed,
    /// Ctrl-C came twice.
    AtOnce,
    /// Standard output takes nothing more.
    Unread(io::Error),
}

/// What comes first.
enum Event {
    Frame(Result<Frame, Failure>),
    Stdin(Option<Bytes>),
    Report(Option<Report>),
    Interrupt,
    Hand(Hand),
    WaitedLong,
    StopOverdue,
}

/// The job is to be stopped.
#[derive(Debug)]
struct Stop {
    /// Because the output cannot be written; else because of Ctrl-C.
    unread: Option<io::Error>,
    /// Until when to wait for its end.
    until: Instant,
    /// The user cannot wait.
    at_once: bool,
}

impl Session {
    /// Queues the request; nothing is sent yet.
    pub fn new(mut link: Link, plan: Plan) -> Result<Self, Failure> {
        let Plan { request, contents, stdin, limits: _, mode, talk, view, masters, bar } = plan;
        link.request(JOB_STREAM, &request)?;
        // What is typed goes out once it is known where it goes on.
        let follows = stdin.is_some() && talk.is_none();
        let upload = Upload::new(JOB_STREAM, contents.clone(), follows);
        let (id, resubmission) = match request {
            Request::Watch { id, .. } => (Some(id), None),
            request => (None, Some(Resubmission::new(request, contents, follows))),
        };
        let mut progress = Progress { id, ..Progress::default() };
        let talk = talk.map(|talk| Talking::begin(talk, &link, &mut progress)).transpose()?;
        Ok(Self {
            link,
            stream: JOB_STREAM,
            free_stream: FREE_STREAM,
            talk,
            progress,
            upload,
            resubmission,
            masters,
            stdin,
            printer: Printer::start(),
            interrupts: signal(SignalKind::interrupt()).map_err(Failure::Startup)?,
            credit: Credit::new(),
            mode,
            view,
            waiting: None,
            told_waiting: false,
            stop: None,
            loss: None,
            was_lost: false,
            bar,
        })
    }

    /// Follows the job until there is no more to follow.
    pub async fn run(&mut self) -> Result<Ending, Failure> {
        loop {
            self.send_what_may_go()?;
            let ending = match self.next_event().await {
                Event::Frame(Ok(frame)) => self.frame(&frame)?,
                Event::Frame(Err(failure)) => self.connection_failed(failure).await?,
                Event::Stdin(piece) if self.talk.is_some() => self.typed(piece),
                Event::Hand(hand) => self.hand(hand)?,
                Event::Stdin(piece) => {
                    if let Some(resubmission) = &mut self.resubmission {
                        resubmission.stdin(piece.clone());
                    }
                    self.upload.stdin(piece);
                    None
                }
                Event::Report(Some(Report::Done(bytes))) => {
                    let grant = self.credit.written(bytes);
                    self.grant(grant)?;
                    None
                }
                Event::Report(Some(Report::Failed(error))) => self.unread(error)?,
                Event::Report(None) => Some(Ending::Unread(io::ErrorKind::BrokenPipe.into())),
                Event::Interrupt => self.interrupt()?,
                Event::WaitedLong => {
                    self.tell_waiting();
                    None
                }
                Event::StopOverdue => Some(self.given_up()),
            };
            if let Some(ending) = ending {
                return Ok(ending);
            }
        }
    }

    async fn next_event(&mut self) -> Event {
        let wants_stdin = self.upload.wants_stdin();
        let waited = self.waiting.map(|(_, until)| until);
        let overdue = self.stop.as_ref().map(|stop| stop.until);
        tokio::select! {
            frame = self.link.next() => Event::Frame(frame),
            piece = receive(&mut self.stdin), if wants_stdin => Event::Stdin(piece),
            report = self.printer.report() => Event::Report(report),
            _ = self.interrupts.recv() => Event::Interrupt,
            hand = hand(&mut self.talk) => Event::Hand(hand),
            () = at(waited) => Event::WaitedLong,
            () = at(overdue) => Event::StopOverdue,
        }
    }

    fn send_what_may_go(&mut self) -> Result<(), Failure> {
        while let Some(frame) = self.upload.next(self.link.window()) {
            self.link.queue(Ok(frame))?;
        }
        Ok(())
    }

    fn frame(&mut self, frame: &Frame) -> Result<Option<Ending>, Failure> {
        if frame.stream != self.stream {
            self.side_answer(frame);
            return Ok(None);
        }
        self.loss = None;
        match frame.kind {
            FrameKind::Control => {
                let response = frame.parse().map_err(|error| self.link.protocol(&error.to_string()))?;
                self.response(response)
            }
            FrameKind::Credit => {
                let bytes = frame.credit_bytes().map_err(|error| self.link.protocol(&error.to_string()))?;
                self.upload.grant(bytes);
                self.talk.iter_mut().for_each(|talk| talk.taken(bytes));
                Ok(None)
            }
            FrameKind::Stdout | FrameKind::Stderr => self.output(frame).map(|()| None),
            kind => Err(self.link.protocol(&format!("an unexpected {kind:?} frame"))),
        }
    }

    fn output(&mut self, frame: &Frame) -> Result<(), Failure> {
        let size = frame.payload.len();
        let chunk = self.credit.received(size).and_then(|()| frame.output_chunk());
        let chunk = chunk.map_err(|error| self.link.protocol(&error.to_string()))?;
        let shown = self.progress.chunk(chunk);
        if self.view.json || self.bar.is_some() || shown.data.is_empty() {
            let grant = self.credit.done(size);
            return self.grant(grant);
        }
        if shown.diverges {
            self.say(messages::DIVERGED.to_owned());
        }
        self.credit.queued(size);
        let queued = self.printer.output(shown.to, shown.data, size);
        queued.map_err(|_| self.link.protocol("more output than it has credit for"))
    }

    fn grant(&mut self, bytes: Option<u32>) -> Result<(), Failure> {
        match bytes {
            Some(bytes) => self.link.queue(Ok(Frame::credit(self.stream, bytes))),
            None => Ok(()),
        }
    }

    fn response(&mut self, response: Response) -> Result<Option<Ending>, Failure> {
        let news = self.progress.response(response);
        let was_submitted = self.progress.id.is_some() && self.resubmission.take().is_some();
        match news {
            Some(News::Accepted(id, _)) if self.mode == Mode::Detached => {
                return Ok(Some(Ending::Accepted(id)));
            }
            Some(News::Accepted(..)) if self.stop.is_some() => self.send_cancel()?,
            Some(News::Accepted(_, stdin)) => self.accepted(stdin, was_submitted)?,
            Some(News::Running) => self.running()?,
            Some(News::Waiting(before)) if !self.told_waiting => {
                let until = self.waiting.map_or_else(|| Instant::now() + QUIET_WAIT, |(_, until)| until);
                self.waiting = Some((before, until));
            }
            Some(News::Started) => {
                self.waiting = None;
                self.told_waiting = false;
            }
            Some(News::Step(step, result)) => {
                self.bar.iter_mut().for_each(|bar| bar.step(step, &result));
            }
            Some(News::Restarted) => self.bar.iter_mut().for_each(TestBar::restart),
            Some(News::Finished(job)) => return self.finished(job).map(Some),
            Some(News::Refused(problem)) if self.is_overtaken(&problem) => {
                // The controller has more than it seemed to have: asked again, it says so.
                self.go_on_elsewhere()?;
            }
            Some(News::Refused(problem)) => return self.refused(problem).map(Some),
            Some(News::Strange) => return Err(self.link.strange_answer()),
            Some(News::Waiting(_)) | None => {}
        }
        Ok(None)
    }

    fn finished(&mut self, job: Box<Job>) -> Result<Ending, Failure> {
        let stopped_by_loss = self.was_lost && self.mode == Mode::Attached && self.stop.is_none();
        if stopped_by_loss && job.verdict == Some(Verdict::Cancelled) {
            return Err(Failure::LostAndStopped(job.id));
        }
        Ok(match self.stop.as_mut().and_then(|stop| stop.unread.take()) {
            Some(error) => Ending::Unread(error),
            None => Ending::Finished(job),
        })
    }

    fn refused(&self, problem: Problem) -> Result<Ending, Failure> {
        match self.progress.id {
            Some(id) if self.was_lost && problem.kind == ProblemKind::NotFound => {
                Err(Failure::LostAndForgotten(id))
            }
            _ => Ok(Ending::Refused(problem)),
        }
    }

    fn tell_waiting(&mut self) {
        if let Some((before, _)) = self.waiting.take() {
            self.told_waiting = true;
            self.say(messages::waiting(before));
        }
    }
}

/// What standard input has next, where there is one.
async fn receive(stdin: &mut Option<mpsc::Receiver<Bytes>>) -> Option<Bytes> {
    match stdin {
        Some(stdin) => stdin.recv().await,
        None => pending().await,
    }
}

/// Waits until then; for ever where there is no then.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
