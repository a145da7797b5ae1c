//! An attempt at a runner: what it reports, and when.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use protocol::event::OutputStream;
use protocol::frame::{Frame, OutputChunk};
use protocol::runner::{Assignment, FromRunner};
use protocol::{Step, StepResult, Verdict};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::chance::Chance;
use super::program::{self, Answer, Written};
use crate::lock::lock;

/// What a runner says of an attempt.
#[derive(Debug, Clone)]
pub enum Report {
    Message(FromRunner),
    Output(Step, Bytes),
}

/// How a runner behaves with an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conduct {
    Well,
    Refuses,
    /// Fails when it is about to report this many things.
    FailsAfter(usize),
    /// Reports what cannot be.
    Babbles(usize),
}

/// An attempt that a runner has, under way or over.
#[derive(Debug)]
pub struct Work {
    pub cancel: CancellationToken,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    reports: Vec<Report>,
    over: bool,
}

impl Report {
    /// The frame that carries it.
    pub fn frame(&self, stream: u32) -> Frame {
        match self {
            Self::Message(message) => Frame::control(stream, message).unwrap(),
            Self::Output(step, data) => {
                let (step, data) = (*step, data.clone());
                Frame::output(stream, &OutputChunk { seq: 0, step, stream: OutputStream::Stdout, data })
            }
        }
    }
}

impl Conduct {
    /// How a runner behaves now, if it does not behave well always.
    pub fn of(chance: &mut Chance) -> Self {
        let after = chance.index(6);
        match chance.within(0..100) {
            0..8 => Self::Refuses,
            8..15 => Self::FailsAfter(after),
            15..20 => Self::Babbles(after),
            _ => Self::Well,
        }
    }
}

impl Work {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { cancel: CancellationToken::new(), state: Mutex::default() })
    }

    /// Its reports from this one on.
    pub fn reports_from(&self, index: usize) -> Vec<Report> {
        lock(&self.state).reports[index..].to_vec()
    }

    /// Whether its last report is made.
    pub fn is_over(&self) -> bool {
        lock(&self.state).over
    }

    /// Does what the assignment asks for; `news` is told of each report.
    pub async fn run(
        self: Arc<Self>,
        assignment: Assignment,
        conduct: Conduct,
        mut chance: Chance,
        news: watch::Sender<u64>,
    ) {
        let end = match conduct {
            Conduct::Refuses => FromRunner::Refused { reason: "not now".to_owned() },
            conduct => {
                let answer = program::answer(&assignment.spec);
                let at_once = assignment.spec.parallel.unwrap_or(1) as usize;
                tokio::select! {
                    biased;
                    () = self.cancel.cancelled() => {
                        FromRunner::Finished { verdict: Verdict::Cancelled, message: None }
                    }
                    end = self.perform(&answer, at_once, conduct, &mut chance, &news) => end,
                }
            }
        };
        self.report(Report::Message(end), &news);
        lock(&self.state).over = true;
    }

    async fn perform(
        &self,
        answer: &Answer,
        at_once: usize,
        conduct: Conduct,
        chance: &mut Chance,
        news: &watch::Sender<u64>,
    ) -> FromRunner {
        let long = chance.percent(6);
        for (index, report) in reports(answer, at_once, chance).into_iter().enumerate() {
            sleep(if long { chance.millis(500..2500) } else { chance.millis(1..300) }).await;
            match conduct {
                Conduct::FailsAfter(after) if after == index => {
                    return FromRunner::Failed { reason: "it broke".to_owned() };
                }
                Conduct::Babbles(after) if after == index => {
                    let result = StepResult::new(Verdict::Ok);
                    return FromRunner::StepFinished { step: Step(77), result };
                }
                _ => self.report(report, news),
            }
        }
        FromRunner::Finished { verdict: answer.verdict, message: None }
    }

    fn report(&self, report: Report, news: &watch::Sender<u64>) {
        lock(&self.state).reports.push(report);
        news.send_modify(|version| *version += 1);
    }
}

/// All that there is to report before the end: of so many runs at once, in some order.
fn reports(answer: &Answer, at_once: usize, chance: &mut Chance) -> Vec<Report> {
    let mut steps = answer.steps.iter().map(of_step);
    let mut reports: Vec<Report> = Vec::new();
    if answer.steps.first().is_some_and(|written| written.step == Step::COMPILE) {
        reports.extend(steps.next().into_iter().flatten());
    }
    let mut open: Vec<VecDeque<Report>> = Vec::new();
    loop {
        while open.len() < at_once
            && let Some(mut next) = steps.next()
        {
            reports.extend(next.pop_front());
            open.push(next);
        }
        if open.is_empty() {
            return reports;
        }
        let index = if open.len() > 1 { chance.index(open.len()) } else { 0 };
        reports.extend(open[index].pop_front());
        open.retain(|of_step| !of_step.is_empty());
    }
}

/// All that there is to report of a step. Output comes in pieces.
fn of_step(written: &Written) -> VecDeque<Report> {
    let step = written.step;
    let pieces = written.stdout.as_bytes().chunks(7).map(Bytes::copy_from_slice);
    let begins = Report::Message(FromRunner::StepStarted { step });
    let ends = Report::Message(FromRunner::StepFinished { step, result: written.result() });
    let pieces = pieces.map(|piece| Report::Output(step, piece));
    [begins].into_iter().chain(pieces).chain([ends]).collect()
}
