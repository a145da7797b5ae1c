//! Whether a sandbox withstood an attack. Pure.

use std::time::Duration;

use protocol::{StepResult, Verdict};

use super::attack::Expected;

/// What the job that comes next says where it finds nothing of the one before.
pub const CLEAN: &str = "clean";

/// How much of a program's own words is shown.
const SHOWN: usize = 300;

/// What was seen of an attack and of what it left.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// The job's verdict, or why there is none.
    pub verdict: Option<Result<Verdict, String>>,
    /// How its compilation ended, where there was one.
    pub compile: Option<StepResult>,
    /// How its run ended, where there was one.
    pub run: Option<StepResult>,
    /// What it wrote to standard output, in its compilation and its run.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
    /// How long it took from the verdict until the sandbox stood ready, or why it never did.
    pub recovery: Option<Result<Duration, String>>,
    /// What the next job in the same sandbox said.
    pub next: String,
}

/// What went otherwise than it has to; nothing where the sandbox withstood.
pub fn complaints(expected: &Expected, seen: &Seen) -> Vec<String> {
    let mut complaints = Vec::new();
    complaints.extend(verdict(expected, seen));
    complaints.extend(compilation(expected, seen));
    let flags = seen.run.as_ref().map(|run| run.flags.as_slice()).unwrap_or_default();
    let missing = expected.flags.iter().filter(|flag| !flags.contains(flag));
    complaints.extend(missing.map(|flag| format!("the flag {flag:?} is missing")));
    if let Some(stdout) = &expected.stdout
        && String::from_utf8_lossy(&seen.stdout).trim_end() != stdout.trim_end()
    {
        complaints.push(format!("it wrote {:?}, not {stdout:?}", shown(&seen.stdout)));
    }
    complaints.extend(aftermath(expected, seen));
    complaints
}

fn verdict(expected: &Expected, seen: &Seen) -> Option<String> {
    let verdict = match seen.verdict.as_ref()? {
        Ok(verdict) if expected.verdicts.contains(verdict) => return None,
        Ok(verdict) => verdict,
        Err(why) => return Some(format!("the sandbox failed: {why}")),
    };
    let said = [&seen.stdout, &seen.stderr].map(|said| shown(said)).join(" ");
    Some(format!("the verdict is {verdict}, not {}: {}", any_of(&expected.verdicts), said.trim()))
}

fn compilation(expected: &Expected, seen: &Seen) -> Option<String> {
    let verdict = seen.compile.as_ref().map(|compile| compile.verdict);
    let right =
        expected.compile.is_empty() || verdict.is_some_and(|verdict| expected.compile.contains(&verdict));
    let verdict = verdict.map_or("missing", Verdict::as_str);
    (!right).then(|| format!("the compilation is {verdict}, not {}", any_of(&expected.compile)))
}

fn aftermath(expected: &Expected, seen: &Seen) -> Option<String> {
    match seen.recovery.as_ref()? {
        Err(why) => Some(format!("the sandbox was lost: {why}")),
        Ok(took) if *took > expected.recovery => {
            Some(format!("the sandbox took {took:.1?} to recover, not {:.1?}", expected.recovery))
        }
        Ok(_) => (seen.next.trim() != CLEAN).then(|| format!("the next job finds: {}", seen.next.trim())),
    }
}

fn any_of(verdicts: &[Verdict]) -> String {
    verdicts.iter().map(|verdict| verdict.as_str()).collect::<Vec<_>>().join(" or ")
}

/// The beginning of what a program wrote, on one line.
fn shown(said: &[u8]) -> String {
    let said = said.get(..SHOWN.min(said.len())).unwrap_or_default();
    String::from_utf8_lossy(said)
        .lines()
        .map(|line| line.escape_debug().to_string())
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests {
    use protocol::Flag;

    use super::*;

    fn expected(verdict: Verdict) -> Expected {
        Expected {
            verdicts: vec![verdict],
            compile: Vec::new(),
            flags: Vec::new(),
            stdout: None,
            recovery: Duration::from_secs(1),
        }
    }

    fn seen(verdict: Verdict) -> Seen {
        Seen {
            verdict: Some(Ok(verdict)),
            run: Some(StepResult::new(verdict)),
            recovery: Some(Ok(Duration::from_millis(3))),
            next: "clean\n".to_owned(),
            ..Seen::default()
        }
    }

    #[test]
    fn a_sandbox_that_withstood_gives_no_cause_for_complaint() {
        assert_eq!(complaints(&expected(Verdict::Ok), &seen(Verdict::Ok)), Vec::<String>::new());
    }

    #[test]
    fn each_difference_is_a_complaint_of_its_own() {
        let complain = |change: fn(&mut Expected, &mut Seen)| {
            let (mut expected, mut seen) = (expected(Verdict::Ok), seen(Verdict::Ok));
            change(&mut expected, &mut seen);
            let complaints = complaints(&expected, &seen);
            assert_eq!(complaints.len(), 1, "{complaints:?}");
            complaints[0].clone()
        };
        let escaped = complain(|_, seen| {
            seen.verdict = Some(Ok(Verdict::RuntimeError));
            seen.stdout = b"ESCAPED: mount\n".to_vec();
        });
        assert!(escaped.contains("not ok: ESCAPED: mount"), "{escaped}");
        assert!(complain(|_, seen| seen.verdict = Some(Err("gone".into()))).contains("gone"));
        assert!(complain(|expected, _| expected.flags.push(Flag::DiskFull)).contains("DiskFull"));
        assert!(complain(|expected, _| expected.compile.push(Verdict::Ok)).contains("missing"));
        assert!(complain(|expected, _| expected.stdout = Some("x".into())).contains("not \"x\""));
        assert!(complain(|_, seen| seen.next = "/tmp: left".into()).contains("/tmp: left"));
        assert!(complain(|_, seen| seen.recovery = Some(Ok(Duration::from_secs(2)))).contains("2.0s"));
        assert!(complain(|_, seen| seen.recovery = Some(Err("hangs".into()))).contains("hangs"));
    }
}
