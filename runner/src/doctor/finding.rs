//! What a check found.

use serde::Serialize;

/// How it stands with what was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Fine,
    /// Programs run, but not as well as they could.
    Weak,
    /// Programs do not run.
    Missing,
    /// Not looked at.
    Skipped,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How it stands with that.
    pub state: State,
    /// What was seen, for people.
    pub says: String,
    /// The command that mends it.
    pub mend: Option<String>,
}

impl Finding {
    /// It is as it should be.
    pub fn fine(check: &'static str, says: impl Into<String>) -> Self {
        Self { check, state: State::Fine, says: says.into(), mend: None }
    }

    /// It could be better.
    pub fn weak(check: &'static str, says: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, state: State::Weak, says: says.into(), mend: Some(mend.into()) }
    }

    /// Without it nothing runs.
    pub fn missing(check: &'static str, says: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { check, state: State::Missing, says: says.into(), mend: Some(mend.into()) }
    }

    /// It cannot be looked at without something else.
    pub fn skipped(check: &'static str, needs: &str) -> Self {
        Self { check, state: State::Skipped, says: format!("not looked at: needs {needs}"), mend: None }
    }
}

/// All that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether nothing is missing.
    pub ok: bool,
    /// Check by check, in the order in which they were made.
    pub checks: Vec<Finding>,
}

impl Report {
    /// Of these findings.
    pub fn new(checks: Vec<Finding>) -> Self {
        Self { ok: checks.iter().all(|finding| finding.state != State::Missing), checks }
    }

    /// How many are in a state.
    pub fn count(&self, state: State) -> usize {
        self.checks.iter().filter(|finding| finding.state == state).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_makes_a_host_unfit() {
        let weak = vec![Finding::fine("a", ""), Finding::weak("b", "", ""), Finding::skipped("c", "x")];
        assert!(Report::new(weak.clone()).ok);
        let missing = weak.into_iter().chain([Finding::missing("d", "", "")]).collect();
        let report = Report::new(missing);
        assert!(!report.ok);
        assert_eq!((report.count(State::Weak), report.count(State::Missing)), (1, 1));
    }

    #[test]
    fn the_json_is_for_programs() {
        let report = Report::new(vec![Finding::missing("docker", "no answer", "dockerd")]);
        let expected = serde_json::json!({"ok": false, "checks": [
            {"check": "docker", "state": "missing", "says": "no answer", "mend": "dockerd"}]});
        assert_eq!(serde_json::to_value(&report).unwrap(), expected);
    }
}
