//! The control messages of the clients' TCP door (port 7000). docs/protocol.md has the conversation.

use serde::{Deserialize, Serialize};

use crate::account::{AccountAnswer, AccountRequest};
use crate::cluster::{ClusterInfo, LanguageInfo, RunnerChange, RunnerInfo};
use crate::event::JobEvent;
use crate::joining::{JoinTokenRequest, NewJoinToken};
use crate::{Job, JobId, JobPage, JobSpec, JobState, Problem, Signal, TerminalSize, Verdict};

/// What a client asks for. Each request has a stream of its own, with a number that the client chooses and has
/// not used before on this connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    /// Compile and run a program. Contents that the specification gives as `{"size": n}` follow as blob frames.
    /// Answered by `accepted` and then events, or by `refused`.
    Submit {
        /// The program.
        spec: Box<JobSpec>,
        /// Whether standard input follows as stdin frames, ended by a stdin_end frame.
        #[serde(default)]
        stdin_follows: bool,
        /// Whether the job goes on when this connection ends.
        #[serde(default)]
        keep: bool,
    },
    /// Watch a job. Answered as `submit` is.
    Watch {
        /// Which job.
        id: JobId,
        /// The number of the last event already seen, 0 for all.
        #[serde(default)]
        after: u64,
        /// Whether the job's streamed standard input goes on here, as stdin frames from the byte on that `accepted` names.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stdin_follows: bool,
    },
    /// Stop a job. Answered by `job`, or by `refused` where it has ended or there is none.
    Cancel {
        /// Which job.
        id: JobId,
    },
    /// Run a job's program again, as a new job of one's own that goes on when this connection ends. Answered by `job` with
    /// the new one.
    Rerun {
        /// Which job.
        id: JobId,
    },
    /// A file that a run left. Answered by `artifact` and blob frames with its bytes, or by `refused`.
    Artifact {
        /// Which job.
        id: JobId,
        /// Which run, from 0; the first that left such a file where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<u32>,
        /// Its path, as the run's result has it.
        path: String,
    },
    /// Send a running program a signal. Answered by `job`, or by `refused` where it does not run, or not at a runner of
    /// this controller's.
    Signal {
        /// Which job.
        id: JobId,
        /// Which signal.
        signal: Signal,
    },
    /// The terminal of a running program has another size now. Answered as `signal` is.
    Resize {
        /// Which job.
        id: JobId,
        /// Its size.
        size: TerminalSize,
    },
    /// One job without its output. Answered by `job`.
    Job {
        /// Which job.
        id: JobId,
    },
    /// A page of jobs, newest first. Answered by `jobs`.
    Jobs(JobQuery),
    /// Answered by `languages`.
    Languages,
    /// Answered by `runners`.
    Runners,
    /// Answered by `cluster`.
    Cluster,
    /// Let a runner finish what it runs, take nothing new and leave. Answered by `runners` with that one, or by
    /// `refused` where there is none or it cannot be told.
    Drain {
        /// Its name or id.
        runner: String,
    },
    /// Give a runner nothing new. Answered by `runners` with that one, or by `refused` where there is none.
    PauseRunner {
        /// Its name or id.
        runner: String,
    },
    /// Give a paused runner jobs again. Answered by `runners` with that one, or by `refused` where there is none or it
    /// is leaving.
    ResumeRunner {
        /// Its name or id.
        runner: String,
    },
    /// Change what a runner takes. Answered by `runners` with that one, or by `refused` where there is none or that
    /// cannot be.
    ChangeRunner {
        /// Its name or id.
        runner: String,
        /// What is to be other than it is.
        change: RunnerChange,
    },
    /// Make a token with which runners can join. Answered by `join_token`, or by `refused` where runners need none.
    JoinToken(JoinTokenRequest),
    /// Take a runner's right away to be part of the cluster: its links are cut. Answered by `removed`, or by
    /// `refused` where none of this name has joined.
    RemoveRunner {
        /// Its name.
        runner: String,
    },
    /// Something about accounts. Answered by `account`.
    Account {
        /// What.
        ask: AccountRequest,
    },
}

/// Which jobs to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobQuery {
    /// Only jobs in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<JobState>,
    /// Only jobs of this language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Only jobs with this label, as `name=value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Only jobs with this verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Only jobs that this runner has or had last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    /// Only jobs whose id begins so, or whose owner or one of whose labels has this in it; small ASCII letters stand for
    /// large ones as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Only jobs of these users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owners: Option<Vec<String>>,
    /// Where to go on: the `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// At most this many, 1 to 100; 20 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// What the controller answers, on the request's stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Response {
    /// The job is recorded; events follow.
    Accepted {
        /// Its identifier.
        id: JobId,
        /// How many bytes of streamed standard input were taken before, where it goes on here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stdin: Option<u64>,
    },
    /// An event of the job. Output comes as stdout and stderr frames, which carry their number too.
    Event {
        /// The event's number.
        seq: u64,
        /// The event; `finished` ends the stream.
        event: JobEvent,
    },
    /// The request was not carried out. Ends the stream; on stream 0, the connection.
    Refused {
        /// Why.
        problem: Problem,
    },
    /// Answer to `artifact`. Its bytes follow as blob frames; the last of them ends the stream.
    Artifact {
        /// How many bytes it has.
        size: u64,
    },
    /// Answer to `job`, `cancel`, `rerun`, `signal` and `resize`. Ends the stream.
    Job {
        /// The job, without its output.
        job: Box<Job>,
    },
    /// Answer to `jobs`. Ends the stream.
    Jobs(JobPage),
    /// Answer to `languages`. Ends the stream.
    Languages {
        /// What the cluster can run, by id.
        languages: Vec<LanguageInfo>,
    },
    /// Answer to `runners`. Ends the stream.
    Runners {
        /// The runners, by name.
        runners: Vec<RunnerInfo>,
    },
    /// Answer to `join_token`. Ends the stream.
    JoinToken(NewJoinToken),
    /// Answer to `remove_runner`. Ends the stream.
    Removed {
        /// The runner's name.
        runner: String,
    },
    /// Answer to `cluster`. Ends the stream.
    Cluster {
        /// The cluster as a whole.
        cluster: ClusterInfo,
    },
    /// Answer to `account`. Ends the stream.
    Account {
        /// What was asked for.
        answer: Box<AccountAnswer>,
    },
}
