//! What people read about tests.

use protocol::{LimitsRequest, Score, StepResult};

use crate::messages::{explain, verdict_word};
use crate::units;

/// A checker that is none.
pub const BAD_CHECKER: &str =
    "neither a file nor one of trimmed, exact, tokens, unordered_lines, float, float:TOLERANCE";
/// A tolerance that cannot be.
pub const BAD_TOLERANCE: &str = "the tolerance is a number, 0 or above, as in float:1e-9";
/// The heads of the tests' table.
pub const TEST_HEADS: [&str; 5] = ["TEST", "VERDICT", "CPU", "MEMORY", "POINTS"];
/// A test that was not begun.
pub const NOT_RUN: &str = "not run";
/// What the interactor or checker wrote.
pub const JUDGE_WROTE: &str = "what the judging program wrote:";
/// What the program wrote to standard error.
pub const STDERR: &str = "the end of its standard error:";
/// What stands before the lines of a difference.
pub const DIFFERENCE: &str = "- is what was expected, + is what the program wrote";
/// One side ends before the other.
pub const NOTHING_MORE: &str = "(nothing more)";
/// The user stopped it.
pub const STOPPED: &str = "stopped before all tests had been run";

/// Where a difference is.
pub fn line(number: usize) -> String {
    format!("line {number}:")
}

/// Lines that are not shown.
pub fn and_more(lines: usize) -> String {
    format!("… and {lines} more")
}

/// Beside the bar.
pub fn failed_so_far(failed: usize) -> String {
    match failed {
        0 => String::new(),
        _ => format!("{failed} failed"),
    }
}

/// A test's verdict in words.
pub fn verdict(result: Option<&StepResult>) -> &'static str {
    result.map_or(NOT_RUN, |result| verdict_word(Some(result.verdict)))
}

/// What a test is worth, where that is neither all nor nothing.
pub fn points(points: f64, of: f64) -> String {
    format!("{} of {}", number(points), number(of))
}

/// What is told of the first test that failed.
pub fn first_failure(name: &str, result: &StepResult, limits: &LimitsRequest) -> String {
    let fault = result.check.as_ref().and_then(|check| check.fault.as_ref());
    let why = match fault {
        Some(fault) => Some(format!("{}: {fault}", verdict_word(Some(result.verdict)))),
        None => explain(result.verdict, Some(result), limits),
    };
    format!("{name}: {}", why.as_deref().unwrap_or_else(|| verdict_word(Some(result.verdict))))
}

/// All tests in a line.
pub fn summary(good: usize, all: usize, not_run: usize, score: Option<Score>) -> String {
    let mut line = format!("{good} of {all} tests ok");
    if not_run > 0 {
        line.push_str(&format!(" · {not_run} not run"));
    }
    if let Some(Score { points, of }) = score.filter(|score| score.of > 0.0) {
        line.push_str(&format!(" · {} of {} points", number(points), number(of)));
    }
    line
}

fn number(number: f64) -> String {
    units::short(number, 2)
}
