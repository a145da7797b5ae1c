//! The report that other programs read: JUnit's XML, as its readers agree on it. Pure.

use std::fmt::Write as _;

use protocol::{RunSpec, StepResult, Verdict};

use super::Outcome;
use super::report::{evidence, name};
use crate::messages::testing as messages;

/// All tests, as a suite of this name. What the compiler wrote is part of it where there is something.
pub fn junit(outcome: &Outcome, suite: &str, compiler: &str) -> String {
    let is_error = |result: &&StepResult| result.verdict == Verdict::InternalError;
    let (tests, run) = (outcome.runs.len(), outcome.results.len());
    let errors = outcome.results.iter().filter(is_error).count();
    let failures = run - outcome.good() - errors;
    let skipped = tests.saturating_sub(run);
    let seconds = seconds(outcome.results.iter().map(|result| result.usage.wall_ms).sum());
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
    let suite = attribute(suite);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(xml, "<testsuites name=\"{suite}\" {counts} time=\"{seconds}\">");
    let _ = writeln!(xml, "  <testsuite name=\"{suite}\" {counts} skipped=\"{skipped}\" time=\"{seconds}\">");
    outcome.tests().for_each(|(run, result)| case(&mut xml, &suite, outcome, run, result));
    if !compiler.is_empty() {
        let _ = writeln!(xml, "    <system-err>{}</system-err>", text(compiler));
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

fn case(xml: &mut String, suite: &str, outcome: &Outcome, run: &RunSpec, result: Option<&StepResult>) {
    let class = run.group.as_deref().map(|group| format!("{suite}.{}", attribute(group)));
    let class = class.as_deref().unwrap_or(suite);
    let time = seconds(result.map_or(0, |result| result.usage.wall_ms));
    let name = name(run);
    let _ = write!(xml, "    <testcase name=\"{}\" classname=\"{class}\" time=\"{time}\"", attribute(name));
    let Some(result) = result else {
        xml.push_str("><skipped/></testcase>\n");
        return;
    };
    let element = match result.verdict {
        Verdict::Ok => {
            xml.push_str("/>\n");
            return;
        }
        Verdict::InternalError => "error",
        _ => "failure",
    };
    let message = attribute(&messages::first_failure(name, result, &outcome.limits));
    let body = text(&evidence(run, result).join("\n"));
    let _ = writeln!(
        xml,
        "><{element} type=\"{}\" message=\"{message}\">{body}</{element}></testcase>",
        result.verdict
    );
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// Text between tags: what XML cannot hold at all is replaced.
fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The same for the value of an attribute, which is one line.
fn attribute(value: &str) -> String {
    text(value).replace('"', "&quot;").replace(['\n', '\t'], " ")
}
