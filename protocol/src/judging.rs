//! How runs are judged by what they write, and what that is worth.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Content, LimitsRequest, RunSpec, SourceFile, StepResult, Usage, Verdict};

/// How actual output is compared with expected output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Checker {
    /// White space at the ends of lines and empty lines at the end do not count.
    #[default]
    Trimmed,
    /// Every byte counts.
    Exact,
    /// Only what stands between white space counts, and its order.
    Tokens,
    /// The same lines in any order, each compared as by `trimmed`; empty ones do not count.
    UnorderedLines,
    /// As by `tokens`; where both are numbers, they may differ a little.
    Float(Tolerance),
    /// The job's own checker decides.
    Custom,
}

/// How much numbers may differ: it is enough that one of the two holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tolerance {
    /// The difference.
    pub absolute: f64,
    /// The difference, as a part of the expected number.
    pub relative: f64,
}

impl Default for Tolerance {
    /// What most contests allow.
    fn default() -> Self {
        Self { absolute: 1e-6, relative: 1e-6 }
    }
}

/// A program that judges another one: a checker, or an interactor. docs/judging.md says how it is started and what it
/// says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Judge {
    /// Its language's id or one of its aliases.
    #[cfg_attr(feature = "openapi", schema(required = true, example = "cpp"))]
    pub language: String,
    /// Its files.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub files: Vec<SourceFile>,
    /// The path of the file to start from, where the language cannot tell by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main: Option<String>,
    /// Further arguments of its compiler.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compile_args: Vec<String>,
    /// Its own limits.
    pub limits: LimitsRequest,
}

/// What a job's own checker or interactor said of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Check {
    /// Why it is no judgement, where it is none: the run is an `internal_error` then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// What it wrote, of both outputs as much as is kept. For the job's owner alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Content>,
    /// What it used.
    #[serde(default)]
    pub usage: Usage,
}

/// What a job's runs are worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Score {
    /// The weights of the runs that are right, and parts of those that are partly right.
    pub points: f64,
    /// The weights of all.
    pub of: f64,
}

/// What these results are worth. Runs of one group count for as much as the worst of them does; a run that was not made
/// counts for nothing. Nothing where no run is judged.
pub fn score(runs: &[RunSpec], results: &[StepResult], interactive: bool) -> Option<Score> {
    if !interactive && runs.iter().all(|run| run.expect.is_none()) {
        return None;
    }
    let mut groups: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let mut total = Score { points: 0.0, of: 0.0 };
    for (index, run) in runs.iter().enumerate() {
        let weight = run.weight.unwrap_or(1.0);
        let share = results.get(index).map_or(0.0, StepResult::share);
        total.of += weight;
        match &run.group {
            None => total.points += weight * share,
            Some(group) => {
                let (sum, worst) = groups.entry(group).or_insert((0.0, 1.0));
                *sum += weight;
                *worst = worst.min(share);
            }
        }
    }
    total.points += groups.values().map(|(sum, worst)| sum * worst).sum::<f64>();
    Some(total)
}

impl StepResult {
    /// How much of a run's weight it is worth, from 0 to 1.
    pub fn share(&self) -> f64 {
        match (self.verdict, self.partial) {
            (Verdict::Ok, _) => 1.0,
            (Verdict::WrongAnswer, Some(part)) if part.is_finite() => part.clamp(0.0, 1.0),
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Expect;

    fn run(weight: f64, group: Option<&str>) -> RunSpec {
        RunSpec {
            weight: Some(weight),
            group: group.map(str::to_owned),
            expect: Some(Expect { stdout: "".into(), checker: Checker::Trimmed }),
            ..RunSpec::default()
        }
    }

    #[test]
    fn weights_add_up_and_a_group_is_as_good_as_its_worst_run() {
        let runs =
            [run(1.0, None), run(2.0, Some("a")), run(3.0, Some("a")), run(4.0, None), run(5.0, Some("b"))];
        let wrong = StepResult::new(Verdict::WrongAnswer);
        let half = StepResult { partial: Some(0.5), ..wrong.clone() };
        let ok = StepResult::new(Verdict::Ok);
        let results = [ok.clone(), ok.clone(), half, wrong];
        assert_eq!(score(&runs, &results, false), Some(Score { points: 1.0 + 5.0 * 0.5, of: 15.0 }));
        assert_eq!(score(&runs, &vec![ok; 5], false), Some(Score { points: 15.0, of: 15.0 }));
    }

    #[test]
    fn what_is_not_judged_has_no_score() {
        let plain = [RunSpec::default()];
        assert_eq!(score(&plain, &[StepResult::new(Verdict::Ok)], false), None);
        assert!(score(&plain, &[], true).is_some());
    }

    #[test]
    fn checkers_are_words_in_json() {
        let read = |text: &str| serde_json::from_str::<Checker>(text).unwrap();
        assert_eq!(read("\"unordered_lines\""), Checker::UnorderedLines);
        assert_eq!(read(r#"{"float":{}}"#), Checker::Float(Tolerance::default()));
        let tolerance = Tolerance { absolute: 0.5, ..Tolerance::default() };
        assert_eq!(read(r#"{"float":{"absolute":0.5}}"#), Checker::Float(tolerance));
    }
}
