//! Findings as text.

use owo_colors::OwoColorize as _;

use super::finding::{Finding, Report, State};

/// The longest name of a check.
const NAME_WIDTH: usize = 15;

/// A finding: a line, and a second one with what mends it.
pub fn finding(finding: &Finding, colours: bool) -> String {
    let sign = coloured(sign(finding.state), finding.state, colours);
    let mut text = format!("{sign} {:<NAME_WIDTH$} {}\n", finding.check, finding.says);
    if let Some(mend) = &finding.mend {
        text.push_str(&format!("  {:NAME_WIDTH$} → {mend}\n", ""));
    }
    text
}

/// The last line: what all of it means.
pub fn summary(report: &Report, colours: bool) -> String {
    let weak = report.count(State::Weak);
    let better = if weak > 0 { format!(" {weak} could be better.") } else { String::new() };
    let (line, state) = match report.count(State::Missing) {
        0 => (format!("This host can run programs.{better}"), State::Fine),
        1 => (format!("This host cannot run programs yet: 1 thing is missing.{better}"), State::Missing),
        many => {
            (format!("This host cannot run programs yet: {many} things are missing.{better}"), State::Missing)
        }
    };
    format!("\n{}\n", coloured(&line, state, colours))
}

fn sign(state: State) -> &'static str {
    match state {
        State::Fine => "✓",
        State::Weak => "!",
        State::Missing => "✗",
        State::Skipped => "–",
    }
}

fn coloured(text: &str, state: State, colours: bool) -> String {
    match state {
        _ if !colours => text.to_owned(),
        State::Fine => text.green().to_string(),
        State::Weak => text.yellow().to_string(),
        State::Missing => text.red().to_string(),
        State::Skipped => text.dimmed().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_its_mend_another() {
        assert_eq!(finding(&Finding::fine("docker", "20.10"), false), "✓ docker          20.10\n");
        let weak = finding(&Finding::weak("swap", "not counted", "swapoff -a"), false);
        assert_eq!(weak, "! swap            not counted\n                  → swapoff -a\n");
        assert_eq!(
            finding(&Finding::skipped("box", "Docker"), false),
            "– box             not looked at: needs Docker\n"
        );
    }

    #[test]
    fn colours_are_only_on_the_sign() {
        let line = finding(&Finding::missing("docker", "no answer", "dockerd"), true);
        assert!(line.starts_with("\u{1b}[31m✗\u{1b}[39m docker"), "{line:?}");
    }

    #[test]
    fn the_summary_counts() {
        let weak = Finding::weak("swap", "", "");
        let missing = Finding::missing("docker", "", "");
        let summary = |checks| summary(&Report::new(checks), false);
        assert_eq!(summary(vec![]), "\nThis host can run programs.\n");
        assert_eq!(summary(vec![weak.clone()]), "\nThis host can run programs. 1 could be better.\n");
        let both = summary(vec![missing, weak]);
        assert_eq!(both, "\nThis host cannot run programs yet: 1 thing is missing. 1 could be better.\n");
    }
}
