//! What the statements have in common: columns and what they mean.

use std::collections::HashMap;

use protocol::{Attempt, Job, JobId, JobState, Timestamp};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::store::codec::{self, from_json};
use crate::store::traits::Traits;
use crate::store::{Queued, StoreError};

/// That `j` waits. Not `= 0`, where the few are to be looked up by their ids: the planner would rather walk the index of
/// all that wait.
pub(super) const QUEUED: &str = "j.state < 1";

/// That `j` runs, said so for the same reason.
pub(super) const RUNNING: &str = "j.state > 0 AND j.state < 2";

/// The server's time, in microseconds since 1970. Controllers' clocks may differ; this one is everybody's.
pub(super) const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

/// The columns of a job `j`, in the order in which [`job`] and [`queued`] read them.
pub(super) const JOB: &str = "j.number, j.id, j.state, j.language, j.labels::text, j.attempt, j.runner, j.verdict, \
     j.message, j.queued_at, j.started_at, j.finished_at, j.usage, j.traits, j.op, j.owner";

/// A job's identifier as the database has it.
pub(super) fn key(id: JobId) -> Uuid {
    Uuid::from_bytes(id.to_bytes())
}

/// A job's identifier.
pub(super) fn id(key: Uuid) -> JobId {
    JobId::from_bytes(key.into_bytes())
}

/// A stored time.
pub(super) fn time(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// An attempt's number.
pub(super) fn attempt(number: i32) -> Attempt {
    Attempt(number.cast_unsigned())
}

/// A job without its output, from the columns that [`JOB`] names.
pub(super) fn job(row: &Row) -> Result<Job, StoreError> {
    let state = match row.get::<_, i16>(2) {
        0 => JobState::Queued,
        1 => JobState::Running,
        _ => JobState::Finished,
    };
    let verdict: Option<&str> = row.get(7);
    Ok(Job {
        id: id(row.get(1)),
        state,
        position: None,
        verdict: verdict.map(codec::verdict).transpose()?,
        message: row.get(8),
        language: row.get(3),
        labels: from_json(row.get(4))?,
        owner: row.get(15),
        compile: None,
        runs: Vec::new(),
        score: None,
        runner: row.get(6),
        attempts: attempt(row.get(5)),
        queued_at: time(row.get(9)),
        started_at: row.get::<_, Option<i64>>(10).map(time),
        finished_at: row.get::<_, Option<i64>>(11).map(time),
    })
}

/// A job as the scheduler needs to know it, from the same columns.
pub(super) fn queued(row: &Row) -> Result<Queued, StoreError> {
    let traits: Traits = from_json(row.get(13))?;
    let number = row.get::<_, i64>(0).cast_unsigned();
    Ok(traits.queued(id(row.get(1)), number, row.get(3), time(row.get(9))))
}

/// Rows by the operation that last changed them.
pub(super) fn by_op(rows: Vec<Row>) -> HashMap<Uuid, Row> {
    rows.into_iter().map(|row| (row.get::<_, Uuid>(14), row)).collect()
}

/// A duration for the database, in microseconds.
pub(super) fn microseconds(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4)
}

/// A count of bytes or things for the database.
pub(super) fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
