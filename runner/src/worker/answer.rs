//! What a job's own checker or interactor says by the way it ends. Pure. docs/judging.md is what it is told.

use protocol::{Check, StepResult, Usage, Verdict};

/// The exit codes that are a judgement.
const RIGHT: i32 = 0;
const WRONG: [i32; 2] = [1, 2];
const PARTLY: i32 = 7;

/// The most characters of why there is no judgement.
const MAX_FAULT: usize = 500;

/// A judgement on a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Answer {
    /// It is right.
    Right,
    /// It is wrong.
    Wrong,
    /// It is wrong, but worth this part of the run's weight.
    Partly(f64),
}

/// What a judge has said of a run, or why that is no judgement.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) answer: Result<Answer, String>,
    /// What it wrote for people.
    pub(super) words: Vec<u8>,
    /// What it used.
    pub(super) usage: Usage,
}

impl Said {
    /// It cannot be asked at all.
    pub(super) fn fault(fault: String, words: Vec<u8>) -> Self {
        Self { answer: Err(fault), words, usage: Usage::default() }
    }

    /// Gives a run that ended well the verdict that this judgement is.
    pub(super) fn judge(self, result: &mut StepResult) {
        (result.verdict, result.partial) = match &self.answer {
            Ok(Answer::Right) => (Verdict::Ok, None),
            Ok(Answer::Wrong) => (Verdict::WrongAnswer, None),
            Ok(Answer::Partly(part)) => (Verdict::WrongAnswer, Some(*part)),
            Err(_) => (Verdict::InternalError, None),
        };
        result.check = Some(self.into_check());
    }

    /// What people are told of it.
    pub(super) fn into_check(self) -> Check {
        let output = (!self.words.is_empty()).then(|| self.words.into());
        let fault = self.answer.err().map(|fault| fault.chars().take(MAX_FAULT).collect());
        Check { fault, output, usage: self.usage }
    }
}

/// What a judge of this name says that ended like this and wrote this first.
pub(super) fn answer(name: &str, result: &StepResult, words: &[u8]) -> Result<Answer, String> {
    let used_up = |what: &str| Err(format!("the {name} used more {what} than it may"));
    match result.verdict {
        Verdict::Ok | Verdict::RuntimeError => match (result.exit_code, result.signal) {
            (Some(RIGHT), _) => Ok(Answer::Right),
            (Some(code), _) if WRONG.contains(&code) => Ok(Answer::Wrong),
            (Some(PARTLY), _) => part(words).map(Answer::Partly).ok_or_else(|| {
                format!("the {name} ended with {PARTLY}, but its first line is no number from 0 to 1")
            }),
            (Some(code), _) => Err(format!("the {name} ended with exit code {code}, which is no judgement")),
            (None, Some(signal)) => Err(format!("the {name} was killed by signal {signal}")),
            (None, None) => Err(format!("the {name} could not be started")),
        },
        Verdict::CpuTimeExceeded => used_up("processor time"),
        Verdict::WallTimeExceeded => used_up("time"),
        Verdict::MemoryExceeded => used_up("memory"),
        Verdict::OutputExceeded => used_up("output"),
        verdict => Err(format!("the {name} ended with {verdict}")),
    }
}

fn part(words: &[u8]) -> Option<f64> {
    let line = words.split(|byte| *byte == b'\n').next()?;
    let part: f64 = std::str::from_utf8(line).ok()?.trim().parse().ok()?;
    (0.0..=1.0).contains(&part).then_some(part)
}

/// What a checker has said that was asked twice, of one and the same run.
pub(super) fn agreed(first: Said, second: Said) -> Said {
    let usage = first.usage.plus(second.usage);
    let answer = match (first.answer, second.answer) {
        (Ok(one), Ok(other)) if one == other => Ok(one),
        (Ok(one), Ok(other)) => {
            Err(format!("the checker disagrees with itself: first {}, then {}", word(one), word(other)))
        }
        (Err(fault), _) | (_, Err(fault)) => Err(fault),
    };
    Said { answer, words: first.words, usage }
}

fn word(answer: Answer) -> String {
    match answer {
        Answer::Right => "right".to_owned(),
        Answer::Wrong => "wrong".to_owned(),
        Answer::Partly(part) => format!("{part} of it right"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(code: i32) -> StepResult {
        let verdict = if code == 0 { Verdict::Ok } else { Verdict::RuntimeError };
        StepResult { exit_code: Some(code), ..StepResult::new(verdict) }
    }

    fn said(answer: Result<Answer, String>) -> Said {
        Said { answer, words: b"words".to_vec(), usage: Usage { cpu_ms: 1, ..Usage::default() } }
    }

    #[test]
    fn exit_codes_are_judgements_and_all_else_is_none() {
        let says = |code, words: &str| answer("checker", &exit(code), words.as_bytes());
        assert_eq!(says(0, ""), Ok(Answer::Right));
        assert_eq!(says(1, ""), Ok(Answer::Wrong));
        assert_eq!(says(2, ""), Ok(Answer::Wrong));
        assert_eq!(says(7, "0.25\nalmost"), Ok(Answer::Partly(0.25)));
        for words in ["", "half", "-0.1", "1.1", "nan", "\n0.5"] {
            assert!(says(7, words).unwrap_err().contains("number from 0 to 1"), "{words:?}");
        }
        assert!(says(3, "").unwrap_err().contains("exit code 3"));
        let killed = StepResult { signal: Some(11), ..StepResult::new(Verdict::RuntimeError) };
        assert!(answer("checker", &killed, b"").unwrap_err().contains("signal 11"));
        let slow = StepResult::new(Verdict::WallTimeExceeded);
        assert_eq!(
            answer("interactor", &slow, b"").unwrap_err(),
            "the interactor used more time than it may"
        );
    }

    #[test]
    fn two_different_answers_are_none() {
        let same = agreed(said(Ok(Answer::Partly(0.5))), said(Ok(Answer::Partly(0.5))));
        assert_eq!((same.answer, same.usage.cpu_ms), (Ok(Answer::Partly(0.5)), 2));
        let torn = agreed(said(Ok(Answer::Right)), said(Ok(Answer::Partly(0.5))));
        let fault = torn.answer.clone().unwrap_err();
        assert_eq!(fault, "the checker disagrees with itself: first right, then 0.5 of it right");
        let broken = agreed(said(Ok(Answer::Right)), said(Err("it crashed".to_owned())));
        assert_eq!(broken.answer, Err("it crashed".to_owned()));
    }

    #[test]
    fn a_run_gets_the_verdict_and_its_author_the_words() {
        let judged = |answer| {
            let mut result = exit(0);
            said(answer).judge(&mut result);
            result
        };
        assert_eq!(judged(Ok(Answer::Right)).verdict, Verdict::Ok);
        let partly = judged(Ok(Answer::Partly(0.5)));
        assert_eq!((partly.verdict, partly.partial), (Verdict::WrongAnswer, Some(0.5)));
        let broken = judged(Err("why".to_owned()));
        assert_eq!(broken.verdict, Verdict::InternalError);
        let check = broken.check.unwrap();
        assert_eq!((check.fault.as_deref(), check.output), (Some("why"), Some("words".into())));
    }
}
