//! What people read when tests have been run. Pure, but for what they say: that is in [`messages`](crate::messages).

use bytes::Bytes;
use protocol::{Content, LimitsRequest, RunSpec, StepResult, Verdict, score};

use super::diff::diff;
use crate::messages::testing as messages;
use crate::table::{self, Align};
use crate::units;

const ALIGN: [Align; 5] = [Align::Left, Align::Left, Align::Right, Align::Right, Align::Right];

/// How many lines of standard error, and of what a judging program wrote, are shown.
const LAST_LINES: usize = 8;

/// What came of all tests.
#[derive(Debug)]
pub struct Outcome {
    /// The tests as they were sent.
    pub runs: Vec<RunSpec>,
    /// How each of them ended, as far as they were run.
    pub results: Vec<StepResult>,
    /// Whether a program talked with the one that was tested.
    pub interactive: bool,
    /// The limits that were asked for.
    pub limits: LimitsRequest,
}

impl Outcome {
    /// Each test with how it ended.
    pub fn tests(&self) -> impl Iterator<Item = (&RunSpec, Option<&StepResult>)> {
        let results = self.results.iter().map(Some).chain(std::iter::repeat(None));
        self.runs.iter().zip(results)
    }

    /// How many ended well.
    pub fn good(&self) -> usize {
        self.results.iter().filter(|result| result.verdict == Verdict::Ok).count()
    }

    /// Whether all did.
    pub fn is_good(&self) -> bool {
        self.good() == self.runs.len()
    }

    fn first_failure(&self) -> Option<(&RunSpec, &StepResult)> {
        let mut run = self.tests().filter_map(|(run, result)| Some((run, result?)));
        run.find(|(_, result)| result.verdict != Verdict::Ok)
    }
}

/// A line for each test, below their heads.
pub fn table(outcome: &Outcome, width: usize) -> Vec<String> {
    let row = |(run, result): (&RunSpec, Option<&StepResult>)| {
        let weight = run.weight.unwrap_or(1.0);
        let used = |text: fn(&StepResult) -> String| result.map(text).unwrap_or_default();
        let partial = result.filter(|result| result.partial.is_some());
        [
            name(run).to_owned(),
            messages::verdict(result).to_owned(),
            used(|result| units::millis(result.usage.cpu_ms)),
            used(|result| units::bytes(result.usage.memory_bytes)),
            partial.map(|result| messages::points(weight * result.share(), weight)).unwrap_or_default(),
        ]
    };
    let rows: Vec<[String; 5]> = outcome.tests().map(row).collect();
    table::lines(messages::TEST_HEADS, ALIGN, &rows, width)
}

/// What is wrong with the first test that failed: where its output differs, or how it ended.
pub fn details(outcome: &Outcome) -> Vec<String> {
    let Some((run, result)) = outcome.first_failure() else { return Vec::new() };
    let mut lines = vec![messages::first_failure(name(run), result, &outcome.limits)];
    lines.extend(evidence(run, result));
    lines
}

/// What shows why a test failed.
pub fn evidence(run: &RunSpec, result: &StepResult) -> Vec<String> {
    let judged = result.check.as_ref().and_then(|check| check.output.as_ref());
    if let Some(output) = judged.filter(|output| output.size() > 0) {
        return headed(messages::JUDGE_WROTE, last_lines(output));
    }
    match (result.verdict, &run.expect, &result.stdout) {
        (Verdict::WrongAnswer, Some(expect), Some(stdout)) => {
            let lines = diff(&bytes(&expect.stdout), &bytes(stdout), expect.checker);
            headed(messages::DIFFERENCE, lines)
        }
        _ => headed(messages::STDERR, result.stderr.as_ref().map(last_lines).unwrap_or_default()),
    }
}

/// All tests in a line.
pub fn summary(outcome: &Outcome) -> String {
    let Outcome { runs, results, interactive, .. } = outcome;
    let not_run = runs.len().saturating_sub(results.len());
    messages::summary(outcome.good(), runs.len(), not_run, score(runs, results, *interactive))
}

/// What a test is called.
pub fn name(run: &RunSpec) -> &str {
    run.name.as_deref().unwrap_or_default()
}

fn headed(head: &str, lines: Vec<String>) -> Vec<String> {
    match lines.is_empty() {
        true => lines,
        false => std::iter::once(head.to_owned()).chain(lines).collect(),
    }
}

/// The last lines, without what would do something to a terminal.
fn last_lines(content: &Content) -> Vec<String> {
    let text = content.to_text();
    let plain = |line: &str| line.replace(|c: char| c.is_control() && c != '\t', "�");
    let lines: Vec<String> = text.lines().map(plain).collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].to_vec()
}

fn bytes(content: &Content) -> Bytes {
    match content {
        Content::Inline(bytes) => bytes.clone(),
        Content::Detached(_) => Bytes::new(),
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Check, Checker, Expect};

    use super::*;

    fn outcome() -> Outcome {
        let expect = Some(Expect { stdout: "3\n".into(), checker: Checker::Trimmed });
        let run =
            |name: &str| RunSpec { name: Some(name.into()), expect: expect.clone(), ..RunSpec::default() };
        let wrong = StepResult {
            stdout: Some("4\n".into()),
            partial: Some(0.25),
            ..StepResult::new(Verdict::WrongAnswer)
        };
        Outcome {
            runs: vec![run("1"), run("big/2"), run("3")],
            results: vec![StepResult::new(Verdict::Ok), wrong],
            interactive: false,
            limits: LimitsRequest::default(),
        }
    }

    #[test]
    fn each_test_has_its_line_and_the_first_failure_its_difference() {
        let outcome = outcome();
        assert_eq!(
            table(&outcome, 80),
            [
                "TEST   VERDICT        CPU  MEMORY     POINTS",
                "1      ok            0 ms     0 B",
                "big/2  wrong answer  0 ms     0 B  0.25 of 1",
                "3      not run",
            ]
        );
        assert_eq!(
            details(&outcome),
            [
                "big/2: wrong answer: the program ran well, but did not write what was expected",
                "- is what was expected, + is what the program wrote",
                "line 1:",
                "- 3",
                "+ 4",
            ]
        );
        assert_eq!(summary(&outcome), "1 of 3 tests ok · 1 not run · 1.25 of 3 points");
        assert!(!outcome.is_good());
    }

    #[test]
    fn a_program_that_failed_shows_its_last_words_and_a_judge_its_own() {
        let mut outcome = outcome();
        let crashed = StepResult { exit_code: Some(1), ..StepResult::new(Verdict::RuntimeError) };
        outcome.results[1] = StepResult { stderr: Some("Traceback\n\u{1b}[2Jboom\n".into()), ..crashed };
        assert_eq!(
            details(&outcome)[1..],
            ["the end of its standard error:", "Traceback", "\u{fffd}[2Jboom"]
        );
        let check = Check {
            fault: Some("the checker ended with code 3".into()),
            output: Some("odd\n".into()),
            ..Check::default()
        };
        outcome.results[1] = StepResult { check: Some(check), ..StepResult::new(Verdict::InternalError) };
        assert_eq!(
            details(&outcome),
            [
                "big/2: internal error: the checker ended with code 3",
                "what the judging program wrote:",
                "odd"
            ]
        );
    }
}
