//! The writer's statements.

use std::collections::HashMap;
use std::time::Duration;

use protocol::{Attempt, AttemptEnd, Job, JobAttempt, JobId, JobState, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::ledger::{Entry, Finished};
use crate::store::StoreError;
use crate::store::codec::{self, Packed, PackedArtifact, from_json};
use crate::store::record::{Record, Stored};
use crate::store::traits::Traits;

/// The columns of a job, in the order in which [`job`] reads them.
pub(super) const JOB: &str = "jobs.number, id, state, language, labels, attempt, runner, verdict, message, \
     queued_at, started_at, finished_at, usage, owner";

/// What went wrong with a value that was stored.
pub(super) fn unreadable(error: StoreError) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error))
}

/// A stored time.
pub(super) fn time(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn column(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_microsecond)
}

fn number(record: &Record) -> i64 {
    record.number.cast_signed()
}

pub(super) fn bytes(id: JobId) -> [u8; 16] {
    id.to_bytes()
}

/// A job without its output, from the columns that [`JOB`] names.
pub(super) fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    let state = match row.get::<_, i64>(2)? {
        0 => JobState::Queued,
        1 => JobState::Running,
        _ => JobState::Finished,
    };
    let verdict: Option<String> = row.get(7)?;
    Ok(Job {
        id: JobId::from_bytes(row.get(1)?),
        state,
        position: None,
        verdict: verdict.map(|word| codec::verdict(&word)).transpose().map_err(unreadable)?,
        message: row.get(8)?,
        language: row.get(3)?,
        labels: from_json(row.get_ref(4)?.as_str()?).map_err(unreadable)?,
        owner: row.get(13)?,
        compile: None,
        runs: Vec::new(),
        score: None,
        runner: row.get(6)?,
        attempts: Attempt(row.get(5)?),
        queued_at: time(row.get(9)?),
        started_at: row.get::<_, Option<i64>>(10)?.map(time),
        finished_at: row.get::<_, Option<i64>>(11)?.map(time),
    })
}

/// The attempts at a job, the first one first.
pub(super) fn attempts(db: &Connection, number: i64) -> rusqlite::Result<Vec<JobAttempt>> {
    let sql = "SELECT attempt, runner, started_at, ended_at, ending, reason FROM attempts WHERE number = ? \
               ORDER BY attempt";
    let mut statement = db.prepare_cached(sql)?;
    let attempt = |row: &Row<'_>| {
        let end: Option<String> = row.get(4)?;
        Ok(JobAttempt {
            attempt: Attempt(row.get(0)?),
            runner: row.get(1)?,
            started_at: time(row.get(2)?),
            ended_at: row.get::<_, Option<i64>>(3)?.map(time),
            end: end.map(|end| from_json(&end)).transpose().map_err(unreadable)?,
            reason: row.get(5)?,
        })
    };
    statement.query_map([number], attempt)?.collect()
}

/// All jobs that have not finished.
pub(super) fn under_way(db: &Connection) -> rusqlite::Result<HashMap<JobId, Record>> {
    let sql =
        format!("SELECT {JOB}, traits, key, bytes, lost, cancelled, lease_ms FROM jobs WHERE state < 2");
    let mut statement = db.prepare(&sql)?;
    let record = |row: &Row<'_>| {
        let job = job(row)?;
        let number: i64 = row.get(0)?;
        let traits: Traits = from_json(row.get_ref(14)?.as_str()?).map_err(unreadable)?;
        let queued = traits.queued(job.id, number.cast_unsigned(), job.language.clone(), job.queued_at);
        let stored = Stored {
            queued,
            key: row.get(15)?,
            bytes: row.get::<_, i64>(16)?.cast_unsigned(),
            lost: row.get(17)?,
            cancelled: row.get(18)?,
            attempts: if job.attempts.0 == 0 { Vec::new() } else { attempts(db, number)? },
            job,
        };
        let lease = Duration::from_millis(row.get::<_, i64>(19)?.cast_unsigned());
        let record = Record::restored(stored, lease);
        Ok((record.job().id, record))
    };
    statement.query_map([], record)?.collect()
}

/// The highest number, and how much is kept of what is over.
pub(super) fn totals(db: &Connection) -> rusqlite::Result<(u64, Finished)> {
    let last: i64 = db.query_row("SELECT coalesce(max(number), 0) FROM jobs", [], |row| row.get(0))?;
    let sql = "SELECT count(*), coalesce(sum(stored), 0) FROM jobs WHERE state = 2";
    let finished = db.query_row(sql, [], |row| {
        let (jobs, bytes): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok(Finished { jobs: jobs.cast_unsigned(), bytes: bytes.cast_unsigned() })
    })?;
    Ok((last.cast_unsigned(), finished))
}

pub(super) fn by_key(db: &Connection, key: &str) -> rusqlite::Result<Option<JobId>> {
    let mut statement = db.prepare_cached("SELECT id FROM jobs WHERE key = ?")?;
    statement.query_row([key], |row| row.get(0).map(JobId::from_bytes)).optional()
}

pub(super) fn is_known(db: &Connection, id: JobId) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM jobs WHERE id = ?")?.exists([bytes(id)])
}

pub(super) fn ended_with(db: &Connection, id: JobId, attempt: Attempt) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM jobs WHERE id = ? AND state = 2 AND attempt = ?";
    db.prepare_cached(sql)?.exists(params![bytes(id), attempt.0])
}

pub(super) fn ended_by(db: &Connection, id: JobId, attempt: Attempt, runner: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM jobs WHERE id = ? AND state = 2 AND attempt = ? AND runner = ?";
    db.prepare_cached(sql)?.exists(params![bytes(id), attempt.0, runner])
}

pub(super) fn insert(db: &Connection, record: &Record, entry: &Entry) -> rusqlite::Result<()> {
    let sql = "INSERT INTO jobs (number, id, key, state, language, labels, traits, bytes, stored, queued_at, \
               owner) VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?)";
    let job = record.job();
    db.prepare_cached(sql)?.execute(params![
        number(record),
        bytes(job.id),
        record.key,
        job.language,
        entry.labels,
        entry.traits,
        record.bytes.cast_signed(),
        size(&entry.spec),
        job.queued_at.as_microsecond(),
        job.owner,
    ])?;
    let sql = "INSERT INTO specs (number, data) VALUES (?, ?)";
    db.prepare_cached(sql)?.execute(params![number(record), entry.spec])?;
    Ok(())
}

pub(super) fn claimed(db: &Connection, record: &Record, lease: Duration) -> rusqlite::Result<()> {
    let sql =
        "UPDATE jobs SET state = 1, attempt = ?, runner = ?, started_at = ?, lease_ms = ? WHERE number = ?";
    let job = record.job();
    let lease = i64::try_from(lease.as_millis()).unwrap_or(i64::MAX);
    let started = column(job.started_at);
    db.prepare_cached(sql)?.execute(params![job.attempts.0, job.runner, started, lease, number(record)])?;
    let sql = "INSERT INTO attempts (number, attempt, runner, started_at) VALUES (?, ?, ?, ?)";
    db.prepare_cached(sql)?.execute(params![number(record), job.attempts.0, job.runner, started])?;
    Ok(())
}

pub(super) fn requeued(db: &Connection, record: &Record) -> rusqlite::Result<()> {
    let sql = "UPDATE jobs SET state = 0, lost = ?, runner = NULL, started_at = NULL WHERE number = ?";
    db.prepare_cached(sql)?.execute(params![record.lost, number(record)])?;
    end_attempt(db, record)
}

pub(super) fn cancelled(db: &Connection, record: &Record) -> rusqlite::Result<()> {
    let sql = "UPDATE jobs SET cancelled = ? WHERE number = ?";
    db.prepare_cached(sql)?.execute(params![record.cancelled, number(record)])?;
    Ok(())
}

/// Returns the bytes that are stored for the job now.
pub(super) fn finished(db: &Connection, record: &Record, packed: &Packed) -> rusqlite::Result<u64> {
    let sql = "UPDATE jobs SET state = 2, lost = ?, cancelled = NULL, verdict = ?, message = ?, usage = ?, \
               finished_at = ?, stored = stored + ? WHERE number = ? RETURNING stored";
    let job = record.job();
    let stored: i64 = db.prepare_cached(sql)?.query_row(
        params![
            record.lost,
            job.verdict.map(protocol::Verdict::as_str),
            job.message,
            packed.usage,
            column(job.finished_at),
            packed.stored().cast_signed(),
            number(record)
        ],
        |row| row.get(0),
    )?;
    if let Some(results) = &packed.results {
        let sql = "INSERT INTO results (number, data) VALUES (?, ?)";
        db.prepare_cached(sql)?.execute(params![number(record), results])?;
    }
    let sql = "INSERT INTO artifacts (number, run, path, data) VALUES (?, ?, ?, ?)";
    for PackedArtifact { run, path, data } in &packed.artifacts {
        db.prepare_cached(sql)?.execute(params![number(record), run, path, data])?;
    }
    end_attempt(db, record)?;
    Ok(stored.cast_unsigned())
}

/// Forgets a job.
pub(super) fn delete(db: &Connection, number: u64) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM jobs WHERE number = ?",
        "DELETE FROM specs WHERE number = ?",
        "DELETE FROM results WHERE number = ?",
        "DELETE FROM artifacts WHERE number = ?",
        "DELETE FROM attempts WHERE number = ?",
    ] {
        db.prepare_cached(sql)?.execute([number.cast_signed()])?;
    }
    Ok(())
}

/// Writes down how the last attempt ended, where there was one.
fn end_attempt(db: &Connection, record: &Record) -> rusqlite::Result<()> {
    let Some(JobAttempt { attempt, ended_at, end, reason, .. }) = record.attempts.last() else {
        return Ok(());
    };
    let end = end.map(|end: AttemptEnd| codec::to_json(&end)).transpose().map_err(unreadable)?;
    let sql = "UPDATE attempts SET ended_at = ?, ending = ?, reason = ? WHERE number = ? AND attempt = ?";
    db.prepare_cached(sql)?.execute(params![column(*ended_at), end, reason, number(record), attempt.0])?;
    Ok(())
}

fn size(data: impl AsRef<[u8]>) -> i64 {
    i64::try_from(data.as_ref().len()).unwrap_or(i64::MAX)
}

/// Keeps samples, and forgets those that are older than this.
pub(super) fn record_samples(
    db: &Connection,
    samples: &[protocol::cluster::Sample],
    keep: Duration,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO samples (runner, at, cpu_percent, memory_percent, active_jobs, \
               active_containers) VALUES (?, ?, ?, ?, ?, ?)";
    let mut statement = db.prepare_cached(sql)?;
    for sample in samples {
        statement.execute(params![
            sample.runner,
            sample.at.as_microsecond(),
            sample.cpu_percent,
            sample.memory_percent,
            sample.active_jobs,
            sample.active_containers
        ])?;
    }
    if let Ok(oldest) = Timestamp::now().checked_sub(keep) {
        db.prepare_cached("DELETE FROM samples WHERE at < ?")?.execute([oldest.as_microsecond()])?;
    }
    Ok(())
}
