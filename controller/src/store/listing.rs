//! What a page of jobs is, in every store: where it begins, how far it looks, and which jobs are on it.
//!
//! Jobs are looked at from the newest on. Only few of what a query can say narrows down which: a state that is not the end,
//! owners, a whole id. Among these each has to be looked at, so a page ends after [`LOOKED_AT`] of them, however few
//! it found, and the next one goes on from there.

use protocol::client::JobQuery;
use protocol::{Job, JobId, JobState};

use super::StoreError;

/// How many jobs a page has where the query does not say.
pub(super) const PAGE: u32 = 20;

/// How many jobs a page looks at, at most. Tests make do with fewer.
pub(super) const LOOKED_AT: u32 = if cfg!(test) { 30 } else { 10_000 };

/// The number that a page ends before.
pub(super) fn cursor(query: &JobQuery) -> Result<u64, StoreError> {
    match &query.cursor {
        Some(cursor) => u64::from_str_radix(cursor, 16).map_err(|_| StoreError::Cursor),
        None => Ok(u64::MAX),
    }
}

/// Where the next page goes on: behind the last job of this one, where there are more, or else behind the last that was
/// looked at, where there may be.
pub(super) fn next_cursor(last: Option<u64>, looked_down_to: Option<u64>) -> Option<String> {
    last.or(looked_down_to).map(|number| format!("{number:x}"))
}

/// The job that is searched for, where it is one by its whole id.
pub(super) fn sought_id(query: &JobQuery) -> Option<JobId> {
    query.search.as_ref()?.parse().ok()
}

/// What is searched for, as it is compared.
pub(super) fn sought_text(query: &JobQuery) -> Option<String> {
    query.search.as_ref().map(|text| text.to_ascii_lowercase())
}

/// Whether jobs have to be looked at one by one to see which are wanted.
pub(super) fn is_sifted(query: &JobQuery) -> bool {
    let JobQuery { state, language, label, verdict, runner, search, owners: _, cursor: _, limit: _ } = query;
    let says_more = [language, label, runner, search].iter().any(|said| said.is_some()) || verdict.is_some();
    sought_id(query).is_none() && (says_more || *state == Some(JobState::Finished))
}

/// Whether a job is among those that are looked at.
pub(super) fn is_candidate(query: &JobQuery, job: &Job) -> bool {
    let owned = |owners: &Vec<String>| job.owner.as_ref().is_some_and(|own| owners.contains(own));
    query.state.is_none_or(|state| state == JobState::Finished || state == job.state)
        && query.owners.as_ref().is_none_or(owned)
}

/// Whether one of these is wanted.
pub(super) fn is_wanted(query: &JobQuery, job: &Job) -> bool {
    let label = |wanted: &String| {
        let (name, value) = wanted.split_once('=').unwrap_or((wanted, ""));
        job.labels.get(name).is_some_and(|actual| actual == value)
    };
    query.state.is_none_or(|state| state == job.state)
        && query.language.as_ref().is_none_or(|language| *language == job.language)
        && query.label.as_ref().is_none_or(label)
        && query.verdict.is_none_or(|verdict| job.verdict == Some(verdict))
        && query.runner.as_ref().is_none_or(|runner| job.runner.as_ref() == Some(runner))
        && sought_text(query).is_none_or(|text| is_found(job, sought_id(query), &text))
}

fn is_found(job: &Job, id: Option<JobId>, text: &str) -> bool {
    let mut words = job.owner.iter().chain(job.labels.values());
    match id {
        Some(id) => job.id == id,
        None => {
            job.id.to_string().starts_with(text) || words.any(|word| word.to_ascii_lowercase().contains(text))
        }
    }
}
