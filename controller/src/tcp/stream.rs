//! The answer to one request.

use bytes::Bytes;
use protocol::client::{Request, Response};
use protocol::cluster::RunnerInfo;
use protocol::event::JobEvent;
use protocol::frame::{Frame, FrameKind, MAX_CHUNK, OutputChunk};
use protocol::window::SendWindow;
use protocol::{Gesture, JobId, JobState, Problem};

use super::fitting;
use super::request::Arriving;
use super::visitor::{self, Visitor};
use crate::identity::{Action, Caller, Deed};
use crate::jobs::{Jobs, NoInput, Submission, Watching};
use crate::wire::{Outgoing, WireError};

/// A request's stream.
#[derive(Clone)]
pub struct Stream {
    /// Its number.
    pub id: u32,
    /// What can be done.
    pub jobs: Jobs,
    /// Who asks.
    pub visitor: Visitor,
    /// Where answers go.
    pub outgoing: Outgoing,
    /// How much output the client takes.
    pub credit: SendWindow,
}

impl Stream {
    /// Submits a job and tells what happens to it. Returns the stream's number.
    pub async fn submit(self, arriving: Arriving) -> u32 {
        let submitted = async {
            let (upload, incoming) = arriving.finish()?;
            let account = upload.caller.principal.account().cloned();
            // Where it goes on over other connections, where it begins is said.
            let kept = upload.stdin.clone().filter(|_| upload.keep);
            let submission = Submission { stdin: upload.stdin, keep: upload.keep, account };
            let submitted = self.jobs.submit(upload.spec, submission).await;
            drop(incoming);
            let (id, watching) = submitted?;
            let goes_on = kept.is_some_and(|stdin| self.jobs.is_input_of(&stdin, id));
            Ok((Response::Accepted { id, stdin: goes_on.then_some(0) }, watching))
        };
        match submitted.await {
            Ok((accepted, watching)) => self.follow(accepted, watching).await,
            Err(problem) => self.say(Response::Refused { problem }).await,
        }
        self.id
    }

    /// Answers any other request. Returns the stream's number.
    pub async fn answer(self, request: Request) -> u32 {
        if let Request::Watch { id, after, .. } = request {
            match self.watch(id, after).await {
                Ok(watching) => self.follow(Response::Accepted { id, stdin: None }, watching).await,
                Err(problem) => self.say(Response::Refused { problem }).await,
            }
        } else if let Request::Artifact { id, run, path } = request {
            match self.artifact(id, run, &path).await {
                Ok(content) => self.send(content).await,
                Err(problem) => self.say(Response::Refused { problem }).await,
            }
        } else {
            let response = self.response(request).await;
            self.say(response.unwrap_or_else(|problem| Response::Refused { problem })).await;
        }
        self.id
    }

    /// Follows a job whose input goes on here, from behind the bytes that there are of it. One that is over takes none.
    /// Returns the stream's number.
    pub async fn attach(self, caller: Caller, (id, after): (JobId, u64), input: Result<u64, NoInput>) -> u32 {
        let attached = async {
            let watching = self.jobs.watch_for(&caller.asking(Action::SeeJob)?, id, after).await?;
            let stdin = match input {
                Ok(bytes) => Some(bytes),
                Err(NoInput::Elsewhere) if self.jobs.get(id).await?.state == JobState::Finished => None,
                Err(no_input) => return Err(Problem::from(no_input)),
            };
            Ok((Response::Accepted { id, stdin }, watching))
        };
        match attached.await {
            Ok((accepted, watching)) => self.follow(accepted, watching).await,
            Err(problem) => self.say(Response::Refused { problem }).await,
        }
        self.id
    }

    async fn watch(&self, id: JobId, after: u64) -> Result<Watching, Problem> {
        let caller = self.visitor.admit(Action::SeeJob).await?;
        self.jobs.watch_for(&caller, id, after).await
    }

    async fn artifact(&self, id: JobId, run: Option<u32>, path: &str) -> Result<Bytes, Problem> {
        let caller = self.visitor.admit(Action::SeeJob).await?;
        self.jobs.artifact_for(&caller, id, run, path).await
    }

    /// Sends a file. Whoever does not take it any more holds up nobody.
    async fn send(&self, mut content: Bytes) {
        self.say(Response::Artifact { size: content.len() as u64 }).await;
        while !content.is_empty() {
            let payload = content.split_to(content.len().min(MAX_CHUNK));
            let paid = self.credit.take(payload.len()).await.is_ok();
            let frame = Frame { kind: FrameKind::Blob, stream: self.id, payload };
            if !paid || self.outgoing.send(frame).await.is_err() {
                return;
            }
        }
    }

    async fn response(&self, request: Request) -> Result<Response, Problem> {
        let caller = self.visitor.admit(visitor::action(&request)).await?;
        let without_output = |job: protocol::Job| Response::Job { job: Box::new(job.without_output()) };
        Ok(match request {
            Request::Cancel { id } => {
                without_output(self.jobs.cancel_for(&caller, id, "its client cancelled it").await?)
            }
            Request::Signal { id, signal } => {
                without_output(self.jobs.gesture_for(&caller, id, Gesture::Signal(signal)).await?)
            }
            Request::Resize { id, size } => {
                without_output(self.jobs.gesture_for(&caller, id, Gesture::Resize(size)).await?)
            }
            Request::Rerun { id } => without_output(self.jobs.rerun_for(&caller, id).await?),
            Request::Job { id } => without_output(self.jobs.get_for(&caller, id).await?),
            Request::Jobs(query) => Response::Jobs(self.jobs.list_for(&caller, query).await?),
            Request::Languages => Response::Languages { languages: self.jobs.languages() },
            Request::Runners => Response::Runners { runners: self.jobs.runners() },
            Request::Drain { runner } => {
                let drained = self.jobs.drain_runner(&runner)?;
                self.steered(&caller, "runner_drained", drained).await
            }
            Request::PauseRunner { runner } => {
                let paused = self.jobs.steering().pause(&runner, caller.principal.name()).await?;
                self.steered(&caller, "runner_paused", paused).await
            }
            Request::ResumeRunner { runner } => {
                let resumed = self.jobs.steering().resume(&runner).await?;
                self.steered(&caller, "runner_resumed", resumed).await
            }
            Request::ChangeRunner { runner, change } => {
                let changed = self.jobs.steering().change(&runner, change).await?;
                self.steered(&caller, "runner_changed", changed).await
            }
            Request::Account { ask } => {
                Response::Account { answer: Box::new(self.visitor.identity.answer(&caller, ask).await?) }
            }
            Request::JoinToken(request) => {
                Response::JoinToken(self.visitor.identity.new_join_token(&caller, request).await?)
            }
            Request::RemoveRunner { runner } => {
                self.visitor.identity.remove_runner(&caller, &runner).await?;
                Response::Removed { runner }
            }
            Request::Cluster => Response::Cluster { cluster: self.jobs.cluster().await? },
            Request::Submit { .. } | Request::Watch { .. } | Request::Artifact { .. } => {
                return Err(Problem::invalid("type", "this request has more than one message for an answer"));
            }
        })
    }

    /// Writes down what was done to a runner, and tells how it is now.
    async fn steered(&self, caller: &Caller, deed: &'static str, runner: RunnerInfo) -> Response {
        self.visitor.identity.note(Deed::of(caller, deed, Some(&runner.name))).await;
        Response::Runners { runners: vec![runner] }
    }

    async fn follow(&self, accepted: Response, mut watching: Watching) {
        self.say(accepted).await;
        loop {
            match watching.next().await {
                Ok(Some((seq, event))) => {
                    if self.tell(seq, event).await.is_err() {
                        return;
                    }
                }
                Ok(None) => return,
                Err(problem) => return self.say(Response::Refused { problem }).await,
            }
        }
    }

    async fn tell(&self, seq: u64, event: JobEvent) -> Result<(), WireError> {
        match event {
            JobEvent::Output { step, stream, data } => {
                let chunk = OutputChunk { seq, step, stream, data: data.bytes() };
                let frame = Frame::output(self.id, &chunk);
                self.credit.take(frame.payload.len()).await.map_err(|_| WireError::Closed)?;
                self.outgoing.send(frame).await
            }
            event => match fitting::frame(self.id, Response::Event { seq, event }) {
                Ok(frame) => self.outgoing.send(frame).await,
                Err(problem) => {
                    self.say(Response::Refused { problem }).await;
                    Err(WireError::Closed)
                }
            },
        }
    }

    /// A connection that has ended hears nothing, and its session notices.
    async fn say(&self, response: Response) {
        let frame = fitting::frame(self.id, response);
        let refused = |problem| Frame::control(self.id, &Response::Refused { problem });
        if let Ok(frame) = frame.or_else(refused) {
            let _ = self.outgoing.send(frame).await;
        }
    }
}
