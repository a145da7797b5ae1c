//! Looking at jobs, runners and samples.

use protocol::client::JobQuery;
use protocol::cluster::Sample;
use protocol::{
    AttemptEnd, Job, JobAttempt, JobId, JobPage, JobSpec, JobState, JobSummary, Timestamp, Verdict,
};
use tokio_postgres::Row;

use super::link::{Fault, Link};
use super::rows::{self, JOB, key, time};
use crate::store::codec::{self, Results, from_json};
use crate::store::{KnownRunner, PAGE};

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
        let Results { compile, runs } = codec::decode(data)?;
        (job.compile, job.runs) = (compile, runs);
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

/// A page of jobs before this number.
///
/// # Errors
/// The database's.
pub(super) async fn page(link: &Link, query: &JobQuery, before: u64) -> Result<JobPage, Fault> {
    let limit = query.limit.unwrap_or(PAGE) as usize;
    // Written out, so that the partial indexes can be used.
    let state = match query.state {
        None => "",
        Some(JobState::Queued) => "AND j.state = 0",
        Some(JobState::Running) => "AND j.state = 1",
        Some(JobState::Finished) => "AND j.state = 2",
    };
    let sql = format!(
        "SELECT {JOB} FROM jobs j WHERE j.number < $1 {state} AND ($2::text IS NULL OR j.language = $2)
           AND ($3::text IS NULL OR j.labels @> $3::text::jsonb)
           AND ($5::text[] IS NULL OR j.owner = ANY($5))
           AND ($6::text IS NULL OR j.verdict = $6) AND ($7::text IS NULL OR j.runner = $7)
           AND ($8::text IS NULL OR starts_with(replace(j.id::text, '-', ''), $8)
             OR position($8 IN lower(j.owner COLLATE \"C\")) > 0
             OR EXISTS (SELECT 1 FROM jsonb_each_text(j.labels) l WHERE position($8 IN lower(l.value COLLATE \"C\")) > 0))
         ORDER BY j.number DESC LIMIT $4"
    );
    let label = query.label.as_ref().map(|label| label.split_once('=').unwrap_or((label, "")));
    let label = label.map(|(name, value)| serde_json::json!({ name: value }).to_string());
    let (sql, label, language, owners) = (&sql, &label, &query.language, &query.owners);
    let (verdict, runner) = (query.verdict.map(Verdict::as_str), &query.runner);
    let search = query.search.as_ref().map(|text| text.to_ascii_lowercase());
    let search = &search;
    let (before, most) = (rows::count(before), rows::count(limit as u64 + 1));
    let found = link
        .run(|client, _| async move {
            let statement = client.prepare_cached(sql).await?;
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
                [&before, language, label, &most, owners, &verdict, runner, search];
            Ok(client.query(&statement, &parameters).await?)
        })
        .await?;
    let last = found.get(..limit).filter(|_| found.len() > limit).and_then(<[Row]>::last);
    let next_cursor = last.map(|row| format!("{:x}", row.get::<_, i64>(0)));
    let jobs = found.iter().take(limit).map(summary).collect::<Result<_, Fault>>()?;
    Ok(JobPage { jobs, next_cursor })
}

fn summary(row: &Row) -> Result<JobSummary, Fault> {
    let mut summary = rows::job(row)?.summary();
    if let Some(usage) = row.get(12) {
        summary.usage = from_json(usage)?;
    }
    Ok(summary)
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
    let number = |value: i64| u32::try_from(value).unwrap_or(u32::MAX);
    let sample = |row: &Row| Sample {
        runner: row.get(0),
        at: time(row.get(1)),
        cpu_percent: row.get(2),
        memory_percent: row.get(3),
        active_jobs: number(row.get(4)),
        active_containers: number(row.get(5)),
    };
    Ok(rows.iter().map(sample).collect())
}
