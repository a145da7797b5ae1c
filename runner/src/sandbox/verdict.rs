//! From what was seen of a step to the judgement on it. Pure.

use std::time::Duration;

use agent::message::End;
use protocol::{Flag, Limits, StepResult, Usage, Verdict};

use super::cgroup::Counters;

/// Why the runner killed a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillReason {
    /// Somebody cancelled the job.
    Cancelled,
    /// It had written too much.
    Output,
    /// The kernel had begun to kill it for want of memory.
    Memory,
    /// It had used up its processor time.
    Cpu,
    /// It had used up its time on the clock.
    Wall,
}

/// What a shell adds to a signal's number to make an exit code of it.
const BY_SIGNAL: i32 = 128;

/// What was seen of a step.
#[derive(Debug, Clone, Copy)]
pub struct Evidence {
    /// How the program's first process ended.
    pub end: End,
    /// Whether, and why, the runner killed it.
    pub killed: Option<KillReason>,
    /// Processor time of all its processes.
    pub cpu: Duration,
    /// Time on the clock.
    pub wall: Duration,
    /// What the kernel counted.
    pub counters: Counters,
    /// Whether its file systems were full at the end.
    pub disk_full: bool,
    /// The exit code by which this language's runtime says that memory ran out; a signal as shells count it.
    pub out_of_memory_exit_code: Option<i32>,
}

/// Judges a step. Where several limits were hit the first of output, memory, processor time and time on the
/// clock counts; only then how the program ended.
pub fn judge(evidence: &Evidence, limits: &Limits) -> StepResult {
    let mut result = StepResult::new(verdict(evidence, limits));
    let by_itself = matches!(result.verdict, Verdict::Ok | Verdict::RuntimeError);
    match evidence.end {
        End::Exit(code) if by_itself => result.exit_code = Some(code),
        End::Signal(signal) if by_itself => result.signal = Some(signal),
        End::Killed if by_itself => result.signal = Some(nix::libc::SIGKILL),
        _ => {}
    }
    result.truncated = evidence.killed == Some(KillReason::Output);
    if evidence.counters.processes_hit {
        result.flags.push(Flag::ProcessLimit);
    }
    if evidence.disk_full {
        result.flags.push(Flag::DiskFull);
    }
    result.usage = Usage {
        cpu_ms: milliseconds(evidence.cpu),
        wall_ms: milliseconds(evidence.wall),
        memory_bytes: evidence.counters.memory_peak,
    };
    result
}

fn verdict(evidence: &Evidence, limits: &Limits) -> Verdict {
    let runtime_out_of_memory = match evidence.end {
        End::Exit(code) => evidence.out_of_memory_exit_code == Some(code),
        End::Signal(signal) => evidence.out_of_memory_exit_code == Some(BY_SIGNAL + signal),
        End::Killed => false,
    };
    match evidence.killed {
        Some(KillReason::Cancelled) => return Verdict::Cancelled,
        Some(KillReason::Output) => return Verdict::OutputExceeded,
        _ => {}
    }
    let out_of_memory = evidence.killed == Some(KillReason::Memory) || evidence.counters.oom_killed;
    if out_of_memory || runtime_out_of_memory {
        Verdict::MemoryExceeded
    } else if evidence.killed == Some(KillReason::Cpu) || evidence.cpu.as_secs_f64() > limits.cpu_seconds {
        Verdict::CpuTimeExceeded
    } else if evidence.killed == Some(KillReason::Wall) || evidence.wall.as_secs_f64() > limits.wall_seconds {
        Verdict::WallTimeExceeded
    } else if evidence.end == End::Exit(0) {
        Verdict::Ok
    } else {
        Verdict::RuntimeError
    }
}

/// Whole milliseconds, as results have them.
pub fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        cpu_seconds: 1.0,
        wall_seconds: 2.0,
        memory_bytes: 1 << 20,
        processes: 1,
        output_bytes: 10,
        disk_bytes: 10,
    };

    fn evidence(end: End) -> Evidence {
        Evidence {
            end,
            killed: None,
            cpu: Duration::from_millis(5),
            wall: Duration::from_millis(7),
            counters: Counters::default(),
            disk_full: false,
            out_of_memory_exit_code: None,
        }
    }

    fn verdict_of(evidence: Evidence) -> Verdict {
        judge(&evidence, &LIMITS).verdict
    }

    #[test]
    fn a_program_that_ends_by_itself_is_judged_by_its_end() {
        let ok = judge(&evidence(End::Exit(0)), &LIMITS);
        assert_eq!((ok.verdict, ok.exit_code, ok.signal), (Verdict::Ok, Some(0), None));
        let failed = judge(&evidence(End::Exit(3)), &LIMITS);
        assert_eq!((failed.verdict, failed.exit_code), (Verdict::RuntimeError, Some(3)));
        let crashed = judge(&evidence(End::Signal(11)), &LIMITS);
        assert_eq!(
            (crashed.verdict, crashed.exit_code, crashed.signal),
            (Verdict::RuntimeError, None, Some(11))
        );
        assert_eq!((ok.usage.cpu_ms, ok.usage.wall_ms), (5, 7));
    }

    #[test]
    fn limits_come_before_the_end_in_their_order() {
        let counters = Counters { oom_killed: true, ..Counters::default() };
        let all = Evidence {
            killed: Some(KillReason::Output),
            cpu: Duration::from_secs(9),
            wall: Duration::from_secs(9),
            counters,
            ..evidence(End::Killed)
        };
        assert_eq!(verdict_of(all), Verdict::OutputExceeded);
        assert_eq!(verdict_of(Evidence { killed: Some(KillReason::Wall), ..all }), Verdict::MemoryExceeded);
        let without_oom = Evidence { counters: Counters::default(), killed: Some(KillReason::Wall), ..all };
        assert_eq!(verdict_of(without_oom), Verdict::CpuTimeExceeded);
        assert_eq!(verdict_of(Evidence { cpu: Duration::ZERO, ..without_oom }), Verdict::WallTimeExceeded);
        assert_eq!(verdict_of(Evidence { killed: Some(KillReason::Cancelled), ..all }), Verdict::Cancelled);
    }

    #[test]
    fn a_limit_passed_between_two_looks_counts_too() {
        let late = Evidence { cpu: Duration::from_millis(1001), ..evidence(End::Exit(0)) };
        assert_eq!(verdict_of(late), Verdict::CpuTimeExceeded);
    }

    #[test]
    fn a_runtime_may_say_that_memory_ran_out() {
        let java = Evidence { out_of_memory_exit_code: Some(3), ..evidence(End::Exit(3)) };
        assert_eq!(verdict_of(java), Verdict::MemoryExceeded);
    }

    #[test]
    fn flags_stand_beside_the_verdict() {
        let counters = Counters { processes_hit: true, ..Counters::default() };
        let result = judge(&Evidence { counters, disk_full: true, ..evidence(End::Exit(0)) }, &LIMITS);
        assert_eq!(result.flags, [Flag::ProcessLimit, Flag::DiskFull]);
        assert_eq!(result.verdict, Verdict::Ok);
    }
}
