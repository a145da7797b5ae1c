//! Looking at jobs, runners and samples.

use bytes::Bytes;
use protocol::cluster::{ALL_RUNNERS, Sample};
use protocol::{AttemptEnd, Job, JobAttempt, JobId, JobSpec, Timestamp};
use tokio_postgres::Row;

use super::link::{Fault, Link};
use super::rows::{self, JOB, key, time};
use crate::store::codec::{self, Results, from_json};
use crate::store::{Averages, KnownRunner, Whose};

/// A job with its output.
///
/// # Errors
/// The database's.
pub(super) async fn job(link: &Link, id: JobId) -> Result<Option<Job>, Fault> {
    let sql = format!("SELECT {JOB}, r.data FROM jobs j LEFT JOIN results r USING (id) WHERE j.id = $1");
    let (sql, id) = (&sql, key(id));
    let row =
        link.run(|client, _| async move {
            Ok(client.query_opt(&client.prepare_cached(sql).await?, &[&id]).await?)
        })
        .await?;
    let Some(row) = row else { return Ok(None) };
    let mut job = rows::job(&row)?;
    if let Some(data) = row.get::<_, Option<&[u8]>>(16) {
        let Results { compile, runs, score } = codec::decode(data)?;
        (job.compile, job.runs, job.score) = (compile, runs, score);
    }
    Ok(Some(job))
}

/// What was submitted.
///
/// # Errors
/// The database's.
pub(super) async fn spec(link: &Link, id: JobId) -> Result<Option<JobSpec>, Fault> {
    let (sql, id) = ("SELECT data FROM specs WHERE id = $1", key(id));
    let row =
        link.run(|client, _| async move {
            Ok(client.query_opt(&client.prepare_cached(sql).await?, &[&id]).await?)
        })
        .await?;
    Ok(row.map(|row| codec::decode(row.get(0))).transpose()?)
}

/// A file that a run left; of the first run that left one where none is named.
///
/// # Errors
/// The database's.
pub(super) async fn artifact(
    link: &Link,
    id: JobId,
    run: Option<u32>,
    path: &str,
) -> Result<Option<Bytes>, Fault> {
    let sql = "SELECT data FROM artifacts WHERE id = $1 AND path = $2 AND ($3::integer IS NULL OR run = $3) \
               ORDER BY run LIMIT 1";
    let (id, run) = (key(id), run.map(u32::cast_signed));
    let row = link
        .run(|client, _| async move {
            Ok(client.query_opt(&client.prepare_cached(sql).await?, &[&id, &path, &run]).await?)
        })
        .await?;
    let unpack = |row: Row| codec::decompress(row.get(0)).map(|data| data.into_owned().into());
    Ok(row.map(unpack).transpose()?)
}

/// The attempts at a job, the first one first.
///
/// # Errors
/// The database's.
pub(super) async fn attempts(link: &Link, id: JobId) -> Result<Vec<JobAttempt>, Fault> {
    let sql = "SELECT attempt, runner, started_at, ended_at, ending, reason FROM attempts WHERE id = $1 \
               ORDER BY attempt";
    let id = key(id);
    let rows = link
        .run(|client, _| async move { Ok(client.query(&client.prepare_cached(sql).await?, &[&id]).await?) })
        .await?;
    let attempt = |row: &Row| {
        let end: Option<&str> = row.get(4);
        let end = end.map(|word| from_json::<AttemptEnd>(&format!("\"{word}\""))).transpose()?;
        Ok(JobAttempt {
            attempt: rows::attempt(row.get(0)),
            runner: row.get(1),
            started_at: time(row.get(2)),
            ended_at: row.get::<_, Option<i64>>(3).map(time),
            end,
            reason: row.get(5),
        })
    };
    rows.iter().map(attempt).collect()
}

/// The runners that are remembered, by name.
///
/// # Errors
/// The database's.
pub(super) async fn runners(link: &Link) -> Result<Vec<KnownRunner>, Fault> {
    let sql = "SELECT registration, seen_at FROM runners ORDER BY name";
    let rows = link.run(|client, _| async move { Ok(client.query(sql, &[]).await?) }).await?;
    let known =
        |row: &Row| Ok(KnownRunner { registration: from_json(row.get(0))?, seen_at: time(row.get(1)) });
    rows.iter().map(known).collect()
}

/// Samples since then, the oldest first.
///
/// # Errors
/// The database's.
pub(super) async fn samples(
    link: &Link,
    runner: Option<&str>,
    since: Timestamp,
) -> Result<Vec<Sample>, Fault> {
    let sql = "SELECT runner, at, cpu_percent, memory_percent, active_jobs, active_containers FROM samples \
               WHERE at >= $1 AND ($2::text IS NULL OR runner = $2) ORDER BY at, runner";
    let since = since.as_microsecond();
    let rows = link
        .run(|client, _| async move {
            Ok(client.query(&client.prepare_cached(sql).await?, &[&since, &runner]).await?)
        })
        .await?;
    Ok(rows.iter().map(sample).collect())
}

/// Averages of samples, the oldest first, and by name.
///
/// # Errors
/// The database's.
pub(super) async fn averages(link: &Link, wanted: &Averages) -> Result<Vec<Sample>, Fault> {
    let each = "(SELECT runner, at / $3::bigint * $3::bigint AS slot, avg(cpu_percent) AS cpu, \
                avg(memory_percent) AS memory, avg(active_jobs) AS jobs, avg(active_containers) AS containers \
                FROM samples WHERE at >= $1 AND ($2::text IS NULL OR runner = $2) GROUP BY slot, runner) AS each";
    let sql = match wanted.whose {
        Whose::Each | Whose::One(_) => format!(
            "SELECT runner, slot, cpu::real, memory::real, round(jobs)::bigint, round(containers)::bigint \
             FROM {each} ORDER BY slot, runner"
        ),
        Whose::All => format!(
            "SELECT '{ALL_RUNNERS}', slot, avg(cpu)::real, avg(memory)::real, round(sum(jobs))::bigint, \
             round(sum(containers))::bigint FROM {each} GROUP BY slot ORDER BY slot"
        ),
    };
    let (sql, since) = (&sql, wanted.since.as_microsecond());
    let (runner, step) = (wanted.runner(), wanted.microseconds());
    let rows = link
        .run(|client, _| async move {
            Ok(client.query(&client.prepare_cached(sql).await?, &[&since, &runner, &step]).await?)
        })
        .await?;
    Ok(rows.iter().map(sample).collect())
}

fn sample(row: &Row) -> Sample {
    let number = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
    Sample {
        runner: row.get(0),
        at: time(row.get(1)),
        cpu_percent: row.get(2),
        memory_percent: row.get(3),
        active_jobs: number(row.get(4)),
        active_containers: number(row.get(5)),
    }
}
