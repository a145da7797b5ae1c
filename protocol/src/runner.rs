//! The control messages of the runners' TCP door (port 7001). The runner dials the controller.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    Attempt, JobId, JobSpec, Limits, Problem, RunnerId, Secret, Signal, Step, StepResult, TerminalSize,
    Timestamp, Verdict,
};

/// The [`features`](JobSpec::features) that this version knows.
pub const FEATURES: [&str; 3] = ["artifacts", "judging", TERMINAL];

/// The feature of runners that give programs terminals, and take signals and sizes for them.
pub const TERMINAL: &str = "terminal";

/// The most files that the runs of a job leave together.
pub const MAX_ARTIFACTS: u32 = 1000;

/// The most bytes of them.
pub const MAX_ARTIFACT_BYTES: u64 = 64 << 20;

/// What a runner says. `register` and `telemetry` are about itself and go on stream 0; the
/// others are about an attempt and go on the attempt's stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromRunner {
    /// Who it is. The first message after the hello; and again when the languages that it offers have changed,
    /// or when it holds attempts that came over a link that has broken.
    Register(Registration),
    /// It wants to be part of the cluster, and has no certificate yet. The first message after the hello, over an
    /// encrypted link alone. Answered by `certified`; then the link ends.
    Join {
        /// A join token's secret.
        token: Secret,
        /// What it wants to be called.
        name: String,
        /// A certificate signing request for its key, as PEM.
        request: String,
    },
    /// Answers `renew`.
    Certify {
        /// A certificate signing request for a new key, as PEM.
        request: String,
    },
    /// How its host is doing. Once a second, and at once when its availability changes.
    Telemetry(Telemetry),
    /// It does not take the attempt; the job goes back to the queue untouched.
    Refused {
        /// Why.
        reason: String,
    },
    /// A step begins; stdout and stderr frames that carry its number follow.
    StepStarted {
        /// Which.
        step: Step,
    },
    /// A step has ended and all of its output has been sent.
    StepFinished {
        /// Which.
        step: Step,
        /// How, without its output.
        result: StepResult,
    },
    /// A file that the run under way left and that is to be kept: after its program has ended and before its
    /// `step_finished`. Its bytes follow as blob frames.
    Artifact {
        /// Of which step.
        step: Step,
        /// Where it was, relative to the program's folder.
        path: String,
        /// How many bytes it has.
        size: u64,
    },
    /// The attempt has its verdict. The last message on its stream.
    Finished {
        /// The judgement on the whole.
        verdict: Verdict,
        /// What people should know beside it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// The runner failed, not the program: the job is to be tried elsewhere. The last message on its stream.
    Failed {
        /// Why.
        reason: String,
    },
    /// Answers a `resume` where another link carries the attempt already: it goes on there. The last message on
    /// its stream.
    Elsewhere,
}

/// What a controller says. `registered` and `refused` go on stream 0; the others on the
/// stream of an attempt, whose number the controller chooses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToRunner {
    /// The runner is part of the cluster.
    Registered,
    /// It is not, and the connection ends.
    Refused {
        /// Why.
        problem: Problem,
    },
    /// Its new certificate, as PEM. On stream 0.
    Certified {
        /// The certificate.
        certificate: String,
    },
    /// Most of its certificate's life is over: it is to ask for a new one. On stream 0.
    Renew,
    /// Run this. Contents that the specification gives as `{"size": n}` follow as blob frames.
    Run(Box<Assignment>),
    /// Stop it. The attempt still ends with `finished`.
    Cancel,
    /// Send the program a signal, if it runs. For runners that register with the feature `terminal`, as is `resize`.
    Signal {
        /// Which.
        signal: Signal,
    },
    /// The program's terminal has another size now.
    Resize {
        /// Its size.
        size: TerminalSize,
    },
    /// An attempt that the runner holds goes on here: all its reports are sent again on this stream, from the
    /// first, and then what is new.
    Resume {
        /// The job.
        job: JobId,
        /// Which attempt.
        attempt: Attempt,
    },
    /// An attempt that the runner holds is of no use any more, or recorded: stop it and forget it. On stream 0.
    Forget {
        /// The job.
        job: JobId,
        /// Which attempt.
        attempt: Attempt,
    },
    /// The end of the attempt is recorded: the runner may forget it. The last message on its stream.
    Recorded,
    /// Finish what runs, take nothing new, then leave. On stream 0.
    Drain,
}

/// A job handed to a runner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// The job.
    pub job: JobId,
    /// Which attempt this is.
    pub attempt: Attempt,
    /// The program.
    pub spec: JobSpec,
    /// Whether standard input follows as stdin frames, ended by a stdin_end frame.
    #[serde(default)]
    pub stdin_follows: bool,
}

/// Who a runner is and what it offers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Registration {
    /// This life of the process.
    pub id: RunnerId,
    /// What people call it; one runner of a name at a time.
    pub name: String,
    /// Version of its software.
    pub version: String,
    /// What it can run.
    pub languages: Vec<LanguageOffer>,
    /// How many jobs it takes at once.
    pub max_jobs: u32,
    /// How many processors its host has.
    pub cpus: u32,
    /// How much memory its host has, in bytes.
    pub memory_bytes: u64,
    /// How its sandbox withstood the hostile programs, where that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selftest: Option<SelfTest>,
    /// Since when its process runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// What its operator says of it, for jobs that require it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What jobs may need of it that older runners do not know: see [`JobSpec::features`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub features: BTreeSet<String>,
    /// Attempts that came over a link that has broken and whose end nobody has confirmed as recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldAttempt>,
}

/// An attempt that a runner still has, under way or ended, after the link that brought it has broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HeldAttempt {
    /// The job.
    pub job: JobId,
    /// Which attempt.
    pub attempt: Attempt,
    /// From which byte on it needs its streamed standard input again; absent where it needs none any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<u64>,
}

/// How a runner's sandbox withstood the hostile programs that come with it, on its own host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SelfTest {
    /// When.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// How many attacks were tried.
    pub attacks: u32,
    /// The names of those that it did not withstand.
    #[serde(default)]
    pub failed: Vec<String>,
}

/// A language that a runner has an image for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LanguageOffer {
    /// The language's id, as in `cpp`.
    pub id: String,
    /// Its name for people, as in `C++`.
    pub name: String,
    /// Other names that are taken for it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The file name extensions that tell it, without the dot.
    #[serde(default)]
    pub extensions: Vec<String>,
    /// The version of its toolchain, as that says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The limits where a job asks for none.
    pub default_limits: Limits,
    /// The most a job may ask for.
    pub maximum_limits: Limits,
}

/// What a runner measures once a second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Telemetry {
    /// Busy share of all of the host's processors, in percent.
    pub cpu_percent: f32,
    /// Used share of the host's memory, in percent.
    pub memory_percent: f32,
    /// The host's load average over one minute.
    pub load: f32,
    /// Jobs it runs.
    pub active_jobs: u32,
    /// Sandbox containers it keeps.
    pub active_containers: u32,
    /// Boxes that stand ready, by language id.
    #[serde(default)]
    pub warm: BTreeMap<String, u32>,
    /// Why it takes no job, for people; absent where it takes some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
    /// Whether it is leaving: it finishes what it runs and takes nothing new.
    #[serde(default)]
    pub draining: bool,
}
