//! Every sentence that people read, so that a translation has one place to go.
//!
//! Functions take what happened and return text without its final newline; where it goes is not decided here.

pub mod accounts;
mod failures;
#[cfg(test)]
pub mod fixtures;
pub mod help;
pub mod testing;
mod verdicts;

use std::fmt::Write as _;
use std::path::PathBuf;

use protocol::cluster::{ClusterInfo, RunnerInfo, RunnerState};
use protocol::runner::SelfTest;
use protocol::tls::Fingerprint;
use protocol::{JobId, Timestamp};

use crate::settings::Master;
use crate::units;

pub use failures::failure;
pub use verdicts::{explain, explanation, notes, usage_line, verdict_word};

/// An address that cannot be read.
pub const BAD_MASTER: &str = "not an address: write HOST:PORT, or several with commas between them";
/// A number of jobs that cannot be.
pub const BAD_OWN_NUMBER: &str =
    "not a number of jobs: write 1 or more, or `own`; `cli runner pause` is for none";
/// A percentage that cannot be.
pub const BAD_OWN_PERCENT: &str = "not a percentage: write 1 to 100, or `own`";
/// A size that cannot be read.
pub const BAD_SIZE: &str = "not a size: write 64K, 256M, 1G or a number of bytes";
/// A time that cannot be read.
pub const BAD_TIME: &str = "not a time: write 2s, 500ms, 1m or a number of seconds";
/// A life of a token that cannot be read.
pub const BAD_TTL: &str = "not a time: write 30d, 12h, 15m or a number of seconds";
/// A pair that cannot be read.
pub const BAD_PAIR: &str = "not a pair: write NAME=VALUE";
/// A file that should hold a certificate.
pub const NO_CERTIFICATE: &str = "there is no certificate in it (PEM)";
/// The answer after a restart is another one.
pub const DIVERGED: &str = "the program was started again on another runner and wrote something else";
/// What the first Ctrl-C does.
pub const CANCELLING: &str = "stopping the job (Ctrl-C again leaves at once)";
/// The controller did not say in time that the job has ended.
pub const CANCEL_UNCONFIRMED: &str = "the controller has not confirmed that the job was stopped";
/// The connection is gone and comes back, perhaps.
pub const RECONNECTING: &str = "the connection to the controller was lost: trying to get it back";
/// A list that goes on.
pub const MORE_JOBS: &str = "there are more: raise --limit to see them";
/// A terminal for the program, and none of the user's.
pub const NO_TERMINAL: &str = "-t needs a terminal to type at, and standard input is none: use -i";
/// An empty list of languages.
pub const NO_LANGUAGES: &str = "no runner offers a language";
/// An empty table of runners.
pub const NO_RUNNERS: &str = "no runner is connected";
/// A job that waits for a runner.
pub const QUEUED: &str = "queued";
/// A job that a runner has.
pub const RUNNING: &str = "running";
/// An empty list of jobs.
pub const NO_JOBS: &str = "no such jobs";
/// What is said where a job left no files.
pub const NO_ARTIFACTS: &str = "no files are kept of this job";
/// The heads of the table of a job's files.
pub const ARTIFACT_HEADS: [&str; 3] = ["RUN", "SIZE", "FILE"];
/// The heads of the runners' table.
pub const RUNNER_HEADS: [&str; 10] =
    ["RUNNER", "STATE", "JOBS", "CONTAINERS", "CPU", "MEMORY", "LOAD", "SELF-TEST", "LANGUAGES", "WHY NOT"];
/// The heads of the jobs' table.
pub const JOB_HEADS: [&str; 7] = ["ID", "STATE", "LANGUAGE", "RUNNER", "CPU", "MEMORY", "SUBMITTED"];
/// The heads of the languages' table.
pub const LANGUAGE_HEADS: [&str; 6] = ["LANGUAGE", "NAME", "FILES", "ALIASES", "RUNNERS", "VERSIONS"];

/// A file that was written.
pub fn written(path: &std::path::Path, size: u64) -> String {
    format!("wrote {} ({})", path.display(), units::bytes(size))
}

/// How an error is announced.
pub fn error(text: &str) -> String {
    format!("error: {text}")
}

/// An address in the configuration file that cannot be read.
pub fn bad_configured_master(text: &str) -> String {
    format!("master = {text:?} is {BAD_MASTER}")
}

/// The controller's authority is known from now on.
pub fn trusted(master: &Master, print: &Fingerprint) -> String {
    format!("the controller at {master} is known from now on by its certificate authority, {print}")
}

/// Whether this is the authority that the operator's controller shows at its start.
pub fn is_it_right(master: &Master, print: &Fingerprint) -> String {
    format!(
        "the controller at {master} shows the certificate authority\n  {print}\nIts operator sees the same in the \
         controller's log. Is it the right one? [y/N]"
    )
}

/// For how long, and how often, a join token can be used.
pub fn token_ends(end: Timestamp, uses: u32) -> String {
    let hosts = if uses == 1 { "one host".to_owned() } else { format!("{uses} hosts") };
    format!("for {hosts}, until {end:.0}; whoever has this line can join, so do not leave it about")
}

/// A runner was taken out.
pub fn removed(runner: &str) -> String {
    format!("runner {runner} is not part of the cluster any more")
}

/// A folder that is read for long.
pub fn reading(files: usize) -> String {
    format!("{files} files so far")
}

/// Links in a folder that are not followed.
pub fn left_out(links: &[PathBuf]) -> Option<String> {
    let first = links.first()?.display();
    Some(match links.len() {
        1 => format!("note: {first} is left out: it is a link that leads to no file in the folder"),
        all => format!(
            "note: {first} and {} more are left out: links that lead to no file in the folder",
            all - 1
        ),
    })
}

/// The job waits.
pub fn waiting(before: u64) -> String {
    match before {
        0 => "waiting for a free runner (you are next)".to_owned(),
        _ => format!("waiting for a free runner ({before} before you)"),
    }
}

/// `watch` ends before the job.
pub fn left_running(id: JobId) -> String {
    format!("the job goes on; `cli watch {id}` shows it again, `cli cancel {id}` stops it")
}

/// Whoever talked with a program has left.
pub fn detached(id: JobId) -> String {
    format!("the job goes on; `cli attach {id}` goes on with it, `cli cancel {id}` stops it")
}

/// What was seen could not be kept.
pub fn not_remembered(error: &std::io::Error) -> String {
    format!("`cli attach` will show everything again: what was seen cannot be kept ({})", error.kind())
}

/// After `cancel`.
pub fn cancelled(id: JobId) -> String {
    format!("job {id} is being stopped")
}

/// After `runner drain`.
pub fn draining(name: &str) -> String {
    format!("runner {name} finishes what it runs, and then leaves")
}

/// After `runner pause`.
pub fn paused(name: &str) -> String {
    format!("runner {name} finishes what it runs, and then waits for `cli runner resume {name}`")
}

/// After `runner resume`.
pub fn resumed(name: &str) -> String {
    format!("runner {name} takes jobs again")
}

/// After `runner set`.
pub fn runner_set(runner: &RunnerInfo) -> String {
    let RunnerInfo { name, max_jobs, offers_jobs, settings, .. } = runner;
    let mut line =
        format!("runner {name} takes {max_jobs} of the {offers_jobs} jobs that it offers to run at once");
    for (what, percent) in [("cpu", settings.max_cpu_percent), ("memory", settings.max_memory_percent)] {
        if let Some(percent) = percent {
            let _ = write!(line, ", none over {percent} % {what}");
        }
    }
    line
}

/// A runner's state in a word.
pub fn runner_state(runner: &RunnerInfo) -> &'static str {
    match runner.state {
        RunnerState::Unavailable if runner.settings.paused => "paused",
        RunnerState::Available => "available",
        RunnerState::Unavailable => "unavailable",
        RunnerState::Draining => "draining",
    }
}

/// How a runner's sandbox withstood the hostile programs, and on which day.
pub fn selftest(selftest: &SelfTest) -> String {
    let day = selftest.at.strftime("%F");
    match selftest.failed.len() {
        0 => format!("passed {day}"),
        failed => format!("failed {failed} of {}, {day}", selftest.attacks),
    }
}

/// The cluster in a line.
pub fn cluster(cluster: &ClusterInfo) -> String {
    let ClusterInfo { runners, available_runners, slots, queued, running, max_queue, .. } = cluster;
    let mut line = format!(
        "{available_runners} of {runners} runners available · {running} running in {slots} slots · \
         {queued} of at most {max_queue} waiting"
    );
    if cluster.draining {
        line.push_str(" · the controller is shutting down");
    }
    line
}

/// How long ago.
pub fn ago(seconds: i64) -> String {
    match seconds {
        ..1 => "now".to_owned(),
        1..100 => format!("{seconds} s ago"),
        100..6000 => format!("{} min ago", seconds / 60),
        6000..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}
