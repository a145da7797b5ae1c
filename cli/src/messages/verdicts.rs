//! What people read about how their program ended.

use protocol::{Flag, Job, LimitsRequest, StepResult, Verdict};

use crate::exit::decisive;
use crate::units;

/// The verdict in words.
pub fn verdict_word(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Ok) => "ok",
        Some(Verdict::WrongAnswer) => "wrong answer",
        Some(Verdict::RuntimeError) => "runtime error",
        Some(Verdict::CompileError) => "compile error",
        Some(Verdict::CpuTimeExceeded) => "cpu time exceeded",
        Some(Verdict::WallTimeExceeded) => "wall time exceeded",
        Some(Verdict::MemoryExceeded) => "memory exceeded",
        Some(Verdict::OutputExceeded) => "output exceeded",
        Some(Verdict::Cancelled) => "cancelled",
        Some(Verdict::InternalError) => "internal error",
        None => "no verdict",
    }
}

/// What follows the verdict in its line: how the program ended and what it used.
pub fn usage_line(job: &Job) -> String {
    let mut parts = Vec::new();
    if job.runs.len() > 1 {
        let good = job.runs.iter().filter(|run| run.verdict == Verdict::Ok).count();
        parts.push(format!("{good} of {} runs ok", job.runs.len()));
    }
    if let Some(step) = decisive(job) {
        parts.extend(ending(step));
        parts.push(format!("{} CPU", units::millis(step.usage.cpu_ms)));
        parts.push(units::millis(step.usage.wall_ms));
        parts.push(units::bytes(step.usage.memory_bytes));
    }
    parts.extend(job.runner.as_ref().map(|runner| format!("on {runner}")));
    parts.iter().map(|part| format!(" · {part}")).collect()
}

fn ending(step: &StepResult) -> Option<String> {
    match (step.signal, step.exit_code) {
        (Some(signal), _) => Some(format!("signal {signal}")),
        (None, Some(code)) => Some(format!("exit {code}")),
        (None, None) => None,
    }
}

/// What a job's verdict that is not `ok` means, and what the cluster says of it.
pub fn explanation(job: &Job, limits: &LimitsRequest) -> Option<String> {
    let sentence = explain(job.verdict?, decisive(job), limits)?;
    Some(match &job.message {
        Some(message) => format!("{sentence} ({message})"),
        None => sentence,
    })
}

/// What a verdict that is not `ok` means, for somebody who learns to program.
pub fn explain(verdict: Verdict, step: Option<&StepResult>, limits: &LimitsRequest) -> Option<String> {
    Some(match verdict {
        Verdict::Ok => return None,
        Verdict::WrongAnswer => {
            "wrong answer: the program ran well, but did not write what was expected".into()
        }
        Verdict::RuntimeError => runtime_error(step),
        Verdict::CompileError => {
            "compile error: the compiler could not build the program; it says why above".into()
        }
        Verdict::CpuTimeExceeded => {
            let most = limits.cpu_seconds.map(units::seconds);
            format!("time limit: the program used more than its {}", of(most, "processor time"))
        }
        Verdict::WallTimeExceeded => {
            let most = limits.wall_seconds.map(units::seconds);
            format!("time limit: the program was still there after its {}", of(most, "time on the clock"))
        }
        Verdict::MemoryExceeded => {
            let most = limits.memory_bytes.map(units::bytes);
            format!("memory limit: the program needed more than its {}", of(most, "memory"))
        }
        Verdict::OutputExceeded => {
            let most = limits.output_bytes.map(units::bytes);
            format!("output limit: the program wrote more than its {}", of(most, "output"))
        }
        Verdict::Cancelled => "cancelled: the job was stopped before its end".into(),
        Verdict::InternalError => {
            "internal error: the cluster could not run the program; it is not its fault".into()
        }
    })
}

/// `2 s of processor time`, or the thing alone where nobody said how much.
fn of(most: Option<String>, what: &str) -> String {
    match most {
        Some(most) => format!("{most} of {what}"),
        None => format!("limit of {what}"),
    }
}

fn runtime_error(step: Option<&StepResult>) -> String {
    match step.map(|step| (step.signal, step.exit_code)) {
        Some((Some(signal), _)) => format!("runtime error: the program was ended by {}", signal_name(signal)),
        Some((None, Some(code))) => {
            format!("runtime error: the program ended by itself with exit code {code}")
        }
        _ => "runtime error: the program did not end well".to_owned(),
    }
}

fn signal_name(signal: i32) -> String {
    let (name, meaning) = match signal {
        4 => ("SIGILL", "it met an instruction that does not exist"),
        6 => ("SIGABRT", "it gave up by itself: abort() or a failed assert"),
        7 => ("SIGBUS", "it used memory that is not there"),
        8 => ("SIGFPE", "it divided by zero, or overflowed"),
        9 => ("SIGKILL", "it was killed"),
        11 => ("SIGSEGV", "it used memory that is not its own, as by a bad pointer or index"),
        13 => ("SIGPIPE", "it wrote where nobody reads"),
        15 => ("SIGTERM", "it was asked to end"),
        25 => ("SIGXFSZ", "it wrote a file over the limit"),
        31 => ("SIGSYS", "it asked the system for something that is not allowed here"),
        _ => return format!("signal {signal}"),
    };
    format!("signal {signal} ({name}): {meaning}")
}

/// What the verdict does not say.
pub fn notes(job: &Job) -> Vec<&'static str> {
    let steps = || job.compile.iter().chain(&job.runs);
    let flagged = |flag| steps().any(|step| step.flags.contains(&flag));
    let candidates = [
        (flagged(Flag::ProcessLimit), "note: it tried to start more processes or threads than it may"),
        (flagged(Flag::ArtifactsCut), "note: it left more files than are kept"),
        (flagged(Flag::DiskFull), "note: the space for its files was full"),
        (
            job.verdict != Some(Verdict::OutputExceeded) && steps().any(|step| step.truncated),
            "note: it wrote more than is kept",
        ),
    ];
    candidates.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| note).collect()
}

#[cfg(test)]
mod tests {
    use protocol::Usage;

    use super::*;
    use crate::messages::fixtures::job;

    fn step(verdict: Verdict) -> StepResult {
        let usage = Usage { cpu_ms: 12, wall_ms: 15, memory_bytes: 3_565_158 };
        StepResult { usage, ..StepResult::new(verdict) }
    }

    #[test]
    fn the_verdicts_line() {
        let ok = StepResult { exit_code: Some(0), ..step(Verdict::Ok) };
        let line = usage_line(&job(Verdict::Ok, vec![ok.clone()]));
        assert_eq!(line, " · exit 0 · 12 ms CPU · 15 ms · 3.4 MB · on lab-1");

        let killed = StepResult { signal: Some(11), ..step(Verdict::RuntimeError) };
        let line = usage_line(&job(Verdict::RuntimeError, vec![ok, killed]));
        assert_eq!(line, " · 1 of 2 runs ok · signal 11 · 12 ms CPU · 15 ms · 3.4 MB · on lab-1");
    }

    #[test]
    fn a_limit_is_named_where_it_is_known() {
        let slow = job(Verdict::CpuTimeExceeded, vec![step(Verdict::CpuTimeExceeded)]);
        let limits = LimitsRequest { cpu_seconds: Some(2.0), ..LimitsRequest::default() };
        assert_eq!(
            explanation(&slow, &limits).unwrap(),
            "time limit: the program used more than its 2 s of processor time"
        );
        assert_eq!(
            explanation(&slow, &LimitsRequest::default()).unwrap(),
            "time limit: the program used more than its limit of processor time"
        );
    }

    #[test]
    fn every_bad_verdict_is_explained() {
        for verdict in Verdict::ALL {
            let explained = explanation(&job(verdict, vec![]), &LimitsRequest::default());
            assert_eq!(explained.is_none(), verdict == Verdict::Ok, "{verdict}");
        }
    }

    #[test]
    fn flags_are_told_beside_the_verdict() {
        let full = StepResult { flags: vec![Flag::DiskFull], truncated: true, ..step(Verdict::Ok) };
        assert_eq!(notes(&job(Verdict::Ok, vec![full])).len(), 2);
    }
}
