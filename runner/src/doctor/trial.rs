//! The proof: a sandbox container is started, a box made in it, and two programs run, of which one takes more
//! memory than it may.

use std::path::Path;
use std::sync::Arc;

use protocol::{Limits, StepResult, Verdict};

use super::diagnosis::{self, CHECKS};
use super::finding::Finding;
use crate::sandbox::{Sandbox, SandboxHost};

/// What both programs may use. Every image has what they need.
const LIMITS: Limits = Limits {
    cpu_seconds: 10.0,
    wall_seconds: 20.0,
    memory_bytes: 32 << 20,
    processes: 8,
    output_bytes: 4096,
    disk_bytes: 4 << 20,
};

const WORD: &str = "ruche";

/// It gathers a line that never ends.
const GLUTTON: [&str; 2] = ["tail", "/dev/zero"];

/// Starts a sandbox of this image and tries it.
pub async fn run(host: Arc<SandboxHost>, image: &str, host_facts: &diagnosis::Facts) -> Vec<Finding> {
    let sandbox = match Sandbox::start(host, image).await {
        Ok(sandbox) => sandbox,
        Err(error) => return diagnosis::not_started(&error, host_facts),
    };
    let mut findings = diagnosis::started(image);
    findings.extend(programs(sandbox).await);
    findings
}

/// The checks of a trial that cannot be made.
pub fn skipped(needs: &str) -> Vec<Finding> {
    CHECKS.iter().map(|check| Finding::skipped(check, needs)).collect()
}

/// There is no place for the socket that a sandbox talks over.
pub fn no_folder(error: &str) -> Vec<Finding> {
    let [first, rest @ ..] = CHECKS;
    let failed = Finding::missing(first, error, "sudo runner doctor, or --run-dir FOLDER");
    std::iter::once(failed).chain(rest.map(|check| Finding::skipped(check, "a container"))).collect()
}

async fn programs(mut sandbox: Sandbox) -> Vec<Finding> {
    let [.., program, memory] = CHECKS;
    let ran = sandbox.run_alone(&["echo", WORD], LIMITS, &[]).await;
    let ran = match ran {
        Ok((result, said)) => judge_program(program, &result, &said),
        Err(error) => {
            return vec![diagnosis::failed(program, &error), Finding::skipped(memory, "a program that runs")];
        }
    };
    let stopped = match sandbox.run_alone(&GLUTTON, LIMITS, &[]).await {
        Ok((result, _)) => judge_memory(memory, &result),
        Err(error) => diagnosis::failed(memory, &error),
    };
    vec![ran, stopped]
}

fn judge_program(check: &'static str, result: &StepResult, said: &[u8]) -> Finding {
    let said = String::from_utf8_lossy(said);
    let wall = result.usage.wall_ms;
    match (result.verdict, said.trim() == WORD) {
        (Verdict::Ok, true) if result.usage.memory_bytes > 0 => {
            Finding::fine(check, format!("ran to its end in {wall} ms, and was counted"))
        }
        (Verdict::Ok, true) => {
            let says = "ran, and the kernel counted nothing: it was not in its group";
            Finding::missing(check, says, "RUST_LOG=debug runner doctor, and report what it says")
        }
        (verdict, _) => {
            let says = format!("`echo {WORD}` ended as {verdict:?} and said {:?}", said.trim());
            Finding::missing(check, says, "runner images build --force")
        }
    }
}

fn judge_memory(check: &'static str, result: &StepResult) -> Finding {
    match result.verdict {
        Verdict::MemoryExceeded => {
            let limit = LIMITS.memory_bytes >> 20;
            Finding::fine(check, format!("a program over its {limit} MiB was killed"))
        }
        verdict => {
            let says = format!("a program over its memory limit was not killed: it ended as {verdict:?}");
            Finding::missing(check, says, "swapoff -a")
        }
    }
}

/// Waits until the sandbox that was dropped is gone, which goes on in the background.
pub async fn gone(sockets: &Path) {
    let is_empty = || std::fs::read_dir(sockets).map_or(true, |mut entries| entries.next().is_none());
    let emptied = async {
        while !is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    // What is left then is removed with its folder.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(30), emptied).await;
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    fn result(verdict: Verdict, memory_bytes: u64) -> StepResult {
        let mut result = StepResult::new(verdict);
        result.usage.memory_bytes = memory_bytes;
        result
    }

    #[test]
    fn a_program_has_to_say_its_word_and_be_counted() {
        let state = |result, said: &str| judge_program("program", &result, said.as_bytes()).state;
        assert_eq!(state(result(Verdict::Ok, 262_144), "ruche\n"), State::Fine);
        assert_eq!(state(result(Verdict::Ok, 0), "ruche\n"), State::Missing);
        assert_eq!(state(result(Verdict::Ok, 262_144), ""), State::Missing);
        assert_eq!(state(result(Verdict::RuntimeError, 262_144), ""), State::Missing);
    }

    #[test]
    fn a_program_over_its_memory_has_to_be_killed_for_that() {
        let state = |verdict| judge_memory("memory limit", &result(verdict, 0)).state;
        assert_eq!(state(Verdict::MemoryExceeded), State::Fine);
        assert_eq!(state(Verdict::WallTimeExceeded), State::Missing);
    }
}
