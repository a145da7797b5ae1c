//! What a job needs of its runner beside its language, limits and labels. Pure.

use std::collections::{BTreeMap, BTreeSet};

use protocol::JobSpec;
use serde::{Deserialize, Serialize};

/// What a runner has to have to be given a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Needs {
    /// The languages of the programs that judge it, by what these are: `checker` or `interactor`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub judges: BTreeMap<String, String>,
    /// What older runners do not know: see [`JobSpec::features`].
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub features: BTreeSet<String>,
}

impl Needs {
    /// Those of a job.
    pub fn of(spec: &JobSpec) -> Self {
        let judges = [("checker", &spec.checker), ("interactor", &spec.interactor)];
        let judges = judges.into_iter().filter_map(|(name, judge)| Some((name, judge.as_ref()?)));
        Self {
            judges: judges.map(|(name, judge)| (name.to_owned(), judge.language.clone())).collect(),
            features: spec.features().map(str::to_owned).collect(),
        }
    }

    /// Whether any runner will do.
    pub fn is_empty(&self) -> bool {
        self.judges.is_empty() && self.features.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use protocol::Judge;

    use super::*;

    #[test]
    fn a_judged_job_needs_its_judges_language_and_a_runner_that_knows_judges() {
        assert!(Needs::of(&JobSpec::default()).is_empty());
        let checker = Some(Judge { language: "cpp".to_owned(), ..Judge::default() });
        let needs = Needs::of(&JobSpec { checker, ..JobSpec::default() });
        assert_eq!(needs.judges, [("checker".to_owned(), "cpp".to_owned())].into());
        assert_eq!(needs.features, ["judging".to_owned()].into());
    }
}
