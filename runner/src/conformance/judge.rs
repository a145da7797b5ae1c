//! Whether a program did what its language has to be able to do. Pure.

use super::case::Expected;
use crate::selftest::judge::Seen;

/// How much of a program's own words is shown.
const SHOWN: usize = 200;

/// What went otherwise than it has to, if anything.
pub fn complaint(expected: &Expected, seen: &Seen) -> Option<String> {
    verdict(expected, seen).or_else(|| exit_code(expected, seen)).or_else(|| words(expected, seen))
}

fn verdict(expected: &Expected, seen: &Seen) -> Option<String> {
    match seen.verdict.as_ref()? {
        Ok(verdict) if *verdict == expected.verdict => None,
        Ok(verdict) => Some(format!(
            "the verdict is {verdict}, not {}: {}",
            expected.verdict,
            shown(&[seen.stdout.as_slice(), &seen.stderr].concat())
        )),
        Err(why) => Some(format!("the sandbox failed: {why}")),
    }
}

fn exit_code(expected: &Expected, seen: &Seen) -> Option<String> {
    let expected = expected.exit_code?;
    let code = seen.run.as_ref().and_then(|run| run.exit_code);
    let told = code.map_or("none".to_owned(), |code| code.to_string());
    (code != Some(expected)).then(|| format!("the exit code is {told}, not {expected}"))
}

fn words(expected: &Expected, seen: &Seen) -> Option<String> {
    if let Some(stdout) = &expected.stdout
        && seen.stdout != stdout.as_bytes()
    {
        return Some(format!("it wrote \"{}\", not {stdout:?}", shown(&seen.stdout)));
    }
    let says = expected.says.as_ref()?;
    let said = [&seen.stdout, &seen.stderr].map(|said| String::from_utf8_lossy(said));
    let found = said.iter().any(|said| said.contains(says.as_str()));
    (!found).then(|| {
        format!("nothing says {says:?}: {}", shown(&[seen.stdout.as_slice(), &seen.stderr].concat()))
    })
}

/// The beginning of what was said, on one line and without what would act on a terminal.
fn shown(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use protocol::{StepResult, Verdict};

    use super::*;

    fn expected() -> Expected {
        Expected {
            verdict: Verdict::RuntimeError,
            exit_code: Some(7),
            stdout: Some("one\n".into()),
            says: Some("line 3".into()),
        }
    }

    fn seen() -> Seen {
        Seen {
            verdict: Some(Ok(Verdict::RuntimeError)),
            run: Some(StepResult { exit_code: Some(7), ..StepResult::new(Verdict::RuntimeError) }),
            stdout: b"one\n".to_vec(),
            stderr: b"x.py, line 3\n".to_vec(),
            ..Seen::default()
        }
    }

    #[test]
    fn what_is_as_it_has_to_be_gives_no_cause_for_complaint() {
        assert_eq!(complaint(&expected(), &seen()), None);
    }

    #[test]
    fn each_difference_is_named() {
        let complain = |change: fn(&mut Seen)| {
            let mut seen = seen();
            change(&mut seen);
            complaint(&expected(), &seen).unwrap()
        };
        let verdict = complain(|seen| seen.verdict = Some(Ok(Verdict::Ok)));
        assert!(verdict.contains("is ok, not runtime_error: one\\nx.py, line 3"), "{verdict}");
        assert!(complain(|seen| seen.verdict = Some(Err("gone".into()))).contains("gone"));
        assert!(complain(|seen| seen.run = None).contains("none, not 7"));
        assert!(complain(|seen| seen.stdout = b"two".to_vec()).contains("\"two\", not \"one\\n\""));
        assert!(complain(|seen| seen.stderr.clear()).contains("nothing says \"line 3\""));
    }
}
