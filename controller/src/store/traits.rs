//! What the scheduler needs to know of a job and does not look for: one JSON text in the databases.

use std::collections::BTreeMap;

use protocol::{JobId, LimitsRequest, Timestamp};
use serde::{Deserialize, Serialize};

use super::{NewJob, Queued};
use crate::needs::Needs;

/// The properties that a job has from its submission to its end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Traits {
    priority: i8,
    peak: LimitsRequest,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    requires: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Needs::is_empty")]
    needs: Needs,
    #[serde(skip_serializing_if = "String::is_empty")]
    share: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stdin_follows: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    no_wait: bool,
}

impl Traits {
    /// Those of a job to be queued.
    pub(super) fn of(new: &NewJob) -> Self {
        Self {
            priority: new.spec.priority,
            peak: new.peak,
            requires: new.spec.requires.clone(),
            needs: Needs::of(&new.spec),
            share: new.share.clone(),
            stdin_follows: new.stdin_follows,
            no_wait: new.spec.no_wait,
        }
    }

    /// Whether standard input is streamed to the job.
    pub(super) fn stdin_follows(&self) -> bool {
        self.stdin_follows
    }

    /// Whose share of the cluster the job uses.
    pub(super) fn into_share(self) -> String {
        self.share
    }

    /// The job as the scheduler needs to know it.
    pub(super) fn queued(self, id: JobId, number: u64, language: String, queued_at: Timestamp) -> Queued {
        let Self { priority, peak, requires, needs, share, stdin_follows, no_wait } = self;
        Queued {
            id,
            number,
            priority,
            language,
            peak,
            requires,
            needs,
            share,
            queued_at,
            stdin_follows,
            no_wait,
        }
    }
}
