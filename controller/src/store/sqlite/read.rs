//! Reading beside the writer: a few connections, each used by one thread at a time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use protocol::client::JobQuery;
use protocol::cluster::Sample;
use protocol::{Job, JobAttempt, JobId, JobPage, JobSpec, JobState, JobSummary, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use tokio::sync::Semaphore;

use super::{open, rows};
use crate::lock::lock;
use crate::store::codec::{self, Results};
use crate::store::{KnownRunner, PAGE, StoreError};

/// Connections to read with.
const READERS: usize = 4;

/// The readers.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    room: Arc<Semaphore>,
}

impl Readers {
    /// Readers of this file; connections are opened as they are needed.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Arc::default(), room: Arc::new(Semaphore::new(READERS)) }
    }

    /// Reads.
    ///
    /// # Errors
    /// SQLite's, or that something stored is not readable.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.room).acquire_owned().await.map_err(StoreError::failed)?;
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let work = move || {
            let _permit = permit;
            let kept = lock(&idle).pop();
            let db = match kept {
                Some(db) => db,
                None => open::reader(&path).map_err(StoreError::failed)?,
            };
            let result = query(&db);
            lock(&idle).push(db);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(StoreError::failed)?
    }

    /// Closes them.
    pub(super) fn close(&self) {
        lock(&self.idle).clear();
    }
}

/// A job with its output.
pub(super) fn job(db: &Connection, id: JobId) -> Result<Option<Job>, StoreError> {
    let sql = format!("SELECT {}, data FROM jobs LEFT JOIN results USING (number) WHERE id = ?", rows::JOB);
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_row([rows::bytes(id)], |row| {
        let data: Option<Vec<u8>> = row.get(14)?;
        Ok((rows::job(row)?, data))
    });
    let Some((mut job, data)) = found.optional()? else { return Ok(None) };
    if let Some(data) = data {
        let Results { compile, runs } = codec::decode(&data)?;
        (job.compile, job.runs) = (compile, runs);
    }
    Ok(Some(job))
}

/// What was submitted.
pub(super) fn spec(db: &Connection, id: JobId) -> Result<Option<JobSpec>, StoreError> {
    let sql = "SELECT data FROM jobs JOIN specs USING (number) WHERE id = ?";
    let data: Option<Vec<u8>> =
        db.prepare_cached(sql)?.query_row([rows::bytes(id)], |row| row.get(0)).optional()?;
    data.map(|data| codec::decode(&data)).transpose()
}

/// The attempts at a job.
pub(super) fn attempts(db: &Connection, id: JobId) -> Result<Vec<JobAttempt>, StoreError> {
    let mut statement = db.prepare_cached("SELECT number FROM jobs WHERE id = ?")?;
    let number: Option<i64> = statement.query_row([rows::bytes(id)], |row| row.get(0)).optional()?;
    Ok(number.map(|number| rows::attempts(db, number)).transpose()?.unwrap_or_default())
}

/// A page of jobs before this number.
pub(super) fn page(db: &Connection, query: &JobQuery, before: u64) -> Result<JobPage, StoreError> {
    let limit = query.limit.unwrap_or(PAGE) as usize;
    let (sql, values) = page_sql(query, before, limit);
    let mut statement = db.prepare_cached(&sql)?;
    let found: Vec<(i64, JobSummary)> =
        statement.query_map(params_from_iter(values), summary)?.collect::<rusqlite::Result<_>>()?;
    let more = found.len() > limit;
    let last = found.iter().take(limit).next_back().map(|(number, _)| *number);
    let next_cursor = last.filter(|_| more).map(|number| format!("{number:x}"));
    Ok(JobPage { jobs: found.into_iter().take(limit).map(|(_, job)| job).collect(), next_cursor })
}

fn page_sql(query: &JobQuery, before: u64, limit: usize) -> (String, Vec<Value>) {
    let mut sql = format!("SELECT {} FROM jobs WHERE jobs.number < ?", rows::JOB);
    let mut values = vec![Value::Integer(i64::try_from(before).unwrap_or(i64::MAX))];
    if let Some(state) = query.state {
        // Written out, so that the partial indexes can be used.
        sql.push_str(match state {
            JobState::Queued => " AND state = 0",
            JobState::Running => " AND state = 1",
            JobState::Finished => " AND state = 2",
        });
    }
    if let Some(language) = &query.language {
        sql.push_str(" AND language = ?");
        values.push(Value::Text(language.clone()));
    }
    if let Some(label) = &query.label {
        let (name, value) = label.split_once('=').unwrap_or((label, ""));
        sql.push_str(
            " AND EXISTS (SELECT 1 FROM json_each(labels) AS label WHERE label.key = ? AND label.value = ?)",
        );
        values.extend([Value::Text(name.to_owned()), Value::Text(value.to_owned())]);
    }
    if let Some(verdict) = query.verdict {
        sql.push_str(" AND verdict = ?");
        values.push(Value::Text(verdict.as_str().to_owned()));
    }
    if let Some(runner) = &query.runner {
        sql.push_str(" AND runner = ?");
        values.push(Value::Text(runner.clone()));
    }
    if let Some(text) = &query.search {
        // `lower` and `hex` know ASCII only, which is what is promised.
        sql.push_str(
            " AND (instr(lower(hex(id)), ?) = 1 OR instr(lower(owner), ?) > 0
                OR EXISTS (SELECT 1 FROM json_each(labels) AS label WHERE instr(lower(label.value), ?) > 0))",
        );
        values.extend(std::iter::repeat_n(Value::Text(text.to_ascii_lowercase()), 3));
    }
    if let Some(owners) = &query.owners {
        sql.push_str(" AND owner IN (SELECT value FROM json_each(?))");
        values.push(Value::Text(serde_json::json!(owners).to_string()));
    }
    sql.push_str(" ORDER BY jobs.number DESC LIMIT ?");
    values.push(Value::Integer(i64::try_from(limit + 1).unwrap_or(i64::MAX)));
    (sql, values)
}

fn summary(row: &Row<'_>) -> rusqlite::Result<(i64, JobSummary)> {
    let mut summary = rows::job(row)?.summary();
    if let Some(usage) = row.get_ref(12)?.as_str_or_null()? {
        summary.usage = codec::from_json(usage).map_err(rows::unreadable)?;
    }
    Ok((row.get(0)?, summary))
}

/// The runners that are remembered, by name.
pub(super) fn runners(db: &Connection) -> Result<Vec<KnownRunner>, StoreError> {
    let mut statement = db.prepare_cached("SELECT registration, seen_at FROM runners ORDER BY name")?;
    let rows: Vec<(String, i64)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    let known = |(registration, seen_at): (String, i64)| {
        Ok(KnownRunner { registration: codec::from_json(&registration)?, seen_at: rows::time(seen_at) })
    };
    rows.into_iter().map(known).collect()
}

/// Samples since then, the oldest first.
pub(super) fn samples(
    db: &Connection,
    runner: Option<&str>,
    since: Timestamp,
) -> Result<Vec<Sample>, StoreError> {
    let sql = "SELECT runner, at, cpu_percent, memory_percent, active_jobs, active_containers FROM samples \
               WHERE at >= ?1 AND (?2 IS NULL OR runner = ?2) ORDER BY at, runner";
    let mut statement = db.prepare_cached(sql)?;
    let sample = |row: &Row<'_>| {
        Ok(Sample {
            runner: row.get(0)?,
            at: rows::time(row.get(1)?),
            cpu_percent: row.get(2)?,
            memory_percent: row.get(3)?,
            active_jobs: row.get(4)?,
            active_containers: row.get(5)?,
        })
    };
    let found = statement.query_map(params![since.as_microsecond(), runner], sample)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
