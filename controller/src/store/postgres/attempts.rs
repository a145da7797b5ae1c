//! Claims and ends of attempts, many at a time. Each is a compare-and-set that leaves the number of its operation
//! in the row: whoever loses the connection asks again and finds it there if it was done.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use protocol::{Attempt, ControllerId, Job, JobId};
use tokio_postgres::Row;
use uuid::Uuid;

use super::link::{Fault, Link};
use super::rows::{self, JOB, NOW, QUEUED, RUNNING, by_op, key};
use crate::store::codec::{Packed, Results, from_json};
use crate::store::traits::Traits;
use crate::store::{Recorded, Renewed};

/// A wish to hand a job to a runner.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) id: JobId,
    pub(super) runner: String,
    pub(super) lease: Duration,
}

/// A wish that was granted.
#[derive(Debug, Clone)]
pub(super) struct Granted {
    pub(super) attempt: Attempt,
    pub(super) share: String,
    pub(super) stdin_follows: bool,
}

/// A numbered operation for each of these.
fn operations(count: usize) -> Vec<Uuid> {
    (0..count).map(|_| Uuid::new_v4()).collect()
}

/// Claims jobs that are queued and at home here.
///
/// # Errors
/// The database's.
pub(super) async fn claim(
    link: &Link,
    home: ControllerId,
    wishes: &[Wish],
) -> Result<Vec<Option<Granted>>, Fault> {
    let sql = format!(
        "WITH asked AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::uuid[]) AS a (id, runner, lease, op)),
         claimed AS (
           UPDATE jobs j SET state = 1, attempt = j.attempt + 1, runner = a.runner, started_at = {NOW},
             lease_until = {NOW} + a.lease, op = a.op
           FROM asked a WHERE j.id = a.id AND {QUEUED} AND j.home = $5 RETURNING j.*),
         noted AS (
           INSERT INTO attempts (id, attempt, runner, started_at)
           SELECT id, attempt, runner, started_at FROM claimed)
         SELECT {JOB} FROM claimed j"
    );
    let ids: Vec<Uuid> = wishes.iter().map(|wish| key(wish.id)).collect();
    let runners: Vec<&str> = wishes.iter().map(|wish| wish.runner.as_str()).collect();
    let leases: Vec<i64> = wishes.iter().map(|wish| rows::microseconds(wish.lease)).collect();
    let (ops, home) = (operations(wishes.len()), Uuid::from_bytes(home.to_bytes()));
    let (sql, ids, runners, leases, claims) = (&sql, &ids, &runners, &leases, &ops);
    let claimed = link
        .run(|client, again| async move {
            let statement = client.prepare_cached(sql).await?;
            let mut rows = client.query(&statement, &[ids, runners, leases, claims, &home]).await?;
            if again {
                rows.extend(done_before(&client, ids, claims).await?);
            }
            Ok(rows)
        })
        .await?;
    let claimed = by_op(claimed);
    let grant = |op: &Uuid| {
        let Some(row) = claimed.get(op) else { return Ok(None) };
        let traits: Traits = from_json(row.get(13))?;
        let stdin_follows = traits.stdin_follows();
        Ok(Some(Granted { attempt: rows::attempt(row.get(5)), share: traits.into_share(), stdin_follows }))
    };
    ops.iter().map(grant).collect()
}

/// Rows that one of these operations was the last to change.
async fn done_before(
    client: &deadpool_postgres::Object,
    ids: &[Uuid],
    ops: &[Uuid],
) -> Result<Vec<Row>, Fault> {
    let sql = format!("SELECT {JOB} FROM jobs j WHERE j.id = ANY($1) AND j.op = ANY($2)");
    let statement = client.prepare_cached(&sql).await?;
    Ok(client.query(&statement, &[&ids, &ops]).await?)
}

/// An end to be recorded.
#[derive(Debug)]
pub(super) struct End {
    pub(super) id: JobId,
    pub(super) attempt: Attempt,
    pub(super) packed: Packed,
    pub(super) results: Results,
}

impl End {
    /// Its bytes, about.
    pub(super) fn weight(&self) -> usize {
        let stored = usize::try_from(self.packed.stored()).unwrap_or(usize::MAX);
        self.packed.message.as_ref().map_or(0, String::len).saturating_add(stored)
    }
}

/// What came of an end.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) recorded: Recorded,
    /// Of the program's contents, where they are needed no more.
    pub(super) freed: u64,
}

/// Records how jobs ended.
///
/// # Errors
/// The database's.
pub(super) async fn finish(link: &Link, ends: Vec<End>) -> Result<Vec<Ended>, Fault> {
    let ops = operations(ends.len());
    let ids: Vec<Uuid> = ends.iter().map(|end| key(end.id)).collect();
    let attempts: Vec<i32> = ends.iter().map(|end| end.attempt.0.cast_signed()).collect();
    let verdicts: Vec<&str> = ends.iter().map(|end| end.packed.verdict.as_str()).collect();
    let messages: Vec<Option<&str>> = ends.iter().map(|end| end.packed.message.as_deref()).collect();
    let usages: Vec<&str> = ends.iter().map(|end| end.packed.usage.as_str()).collect();
    let results: Vec<Option<&[u8]>> = ends.iter().map(|end| end.packed.results.as_deref()).collect();
    let stored: Vec<i64> = ends.iter().map(|end| rows::count(end.packed.stored())).collect();
    let left = || {
        ops.iter().zip(&ends).flat_map(|(op, end)| end.packed.artifacts.iter().map(move |file| (*op, file)))
    };
    let file_ops: Vec<Uuid> = left().map(|(op, _)| op).collect();
    let file_runs: Vec<i32> = left().map(|(_, file)| file.run.cast_signed()).collect();
    let file_paths: Vec<&str> = left().map(|(_, file)| file.path.as_str()).collect();
    let file_data: Vec<&[u8]> = left().map(|(_, file)| file.data.as_slice()).collect();
    let sql = format!(
        "WITH asked AS (
           SELECT * FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::uuid[],
             $8::bigint[]) AS a (id, attempt, verdict, message, usage, results, op, stored)),
         done AS (
           UPDATE jobs j SET state = 2, verdict = a.verdict, usage = a.usage, finished_at = {NOW}, home = NULL,
             lease_until = NULL, cancelled = NULL, op = a.op, stored = j.stored + a.stored,
             message = coalesce(a.message, CASE WHEN a.verdict = 'cancelled' THEN j.cancelled END)
           FROM asked a WHERE j.id = a.id AND {RUNNING} AND j.attempt = a.attempt RETURNING j.*),
         kept AS (
           INSERT INTO results (id, data)
           SELECT a.id, a.results FROM asked a JOIN done ON done.op = a.op WHERE a.results IS NOT NULL),
         files AS (
           INSERT INTO artifacts (id, run, path, data)
           SELECT done.id, f.run, f.path, f.data
           FROM unnest($9::uuid[], $10::integer[], $11::text[], $12::bytea[]) AS f (op, run, path, data)
           JOIN done ON done.op = f.op),
         noted AS (
           UPDATE attempts t SET ended_at = done.finished_at, ending = 'finished' FROM done
           WHERE t.id = done.id AND t.attempt = done.attempt)
         SELECT {JOB}, j.bytes FROM done j"
    );
    let (sql, all) = (&sql, &ops);
    let (ids, attempts, verdicts, messages) = (&ids, &attempts, &verdicts, &messages);
    let (usages, results, stored) = (&usages, &results, &stored);
    let (file_ops, file_runs, file_paths, file_data) = (&file_ops, &file_runs, &file_paths, &file_data);
    let rows = link
        .run(|client, again| async move {
            let statement = client.prepare_cached(sql).await?;
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 12] = [
                ids, attempts, verdicts, messages, usages, results, all, stored, file_ops, file_runs,
                file_paths, file_data,
            ];
            let mut rows = client.query(&statement, &parameters).await?;
            if again || rows.len() < all.len() {
                // Those that had ended, by this operation or another.
                let sql = format!("SELECT {JOB}, j.bytes FROM jobs j WHERE j.id = ANY($1) AND j.state = 2");
                let known: Vec<JobId> = rows.iter().map(|row| rows::id(row.get(1))).collect();
                let ended = client.query(&client.prepare_cached(&sql).await?, &[ids]).await?;
                rows.extend(ended.into_iter().filter(|row| !known.contains(&rows::id(row.get(1)))));
            }
            Ok(rows)
        })
        .await?;
    let rows: HashMap<JobId, Row> = rows.into_iter().map(|row| (rows::id(row.get(1)), row)).collect();
    ops.iter().zip(ends).map(|(op, end)| ended(rows.get(&end.id), *op, end)).collect()
}

fn ended(row: Option<&Row>, op: Uuid, end: End) -> Result<Ended, Fault> {
    if let Some(row) = row
        && row.get::<_, Option<Uuid>>(14) == Some(op)
    {
        let Results { compile, runs, score } = end.results;
        let job = Box::new(Job { compile, runs, score, ..rows::job(row)? });
        return Ok(Ended { recorded: Recorded::Now(job), freed: row.get::<_, i64>("bytes").cast_unsigned() });
    }
    let before = row.is_some_and(|row| rows::attempt(row.get(5)) == end.attempt);
    Ok(Ended { recorded: if before { Recorded::Before } else { Recorded::Stale }, freed: 0 })
}

/// Leases to be renewed, of one caller.
#[derive(Debug, Clone)]
pub(super) struct Leases {
    pub(super) attempts: Arc<[(JobId, Attempt)]>,
    pub(super) lease: Duration,
}

/// Renews leases of attempts at home here. Never waits for a row that something else is changing just now, so that two
/// statements over many rows cannot wait for each other: such a lease is renewed the next time.
///
/// # Errors
/// The database's.
pub(super) async fn renew(link: &Link, home: ControllerId, all: &[Leases]) -> Result<Vec<Renewed>, Fault> {
    let each = || all.iter().flat_map(|leases| leases.attempts.iter().map(move |held| (held, leases.lease)));
    let ids: Vec<Uuid> = each().map(|((id, _), _)| key(*id)).collect();
    let attempts: Vec<i32> = each().map(|((_, attempt), _)| attempt.0.cast_signed()).collect();
    let leases: Vec<i64> = each().map(|(_, lease)| rows::microseconds(lease)).collect();
    let sql = format!(
        "WITH asked AS (SELECT * FROM unnest($1::uuid[], $2::integer[], $3::bigint[]) AS a (id, attempt, lease)),
         held AS (
           SELECT j.id, j.attempt, j.cancelled IS NOT NULL AS cancelled, a.lease FROM asked a JOIN jobs j USING (id)
           WHERE {RUNNING} AND j.attempt = a.attempt AND j.home = $4),
         free AS (
           SELECT j.id, h.lease FROM held h JOIN jobs j USING (id)
           WHERE {RUNNING} AND j.attempt = h.attempt FOR UPDATE OF j SKIP LOCKED),
         renewed AS (UPDATE jobs j SET lease_until = {NOW} + f.lease FROM free f WHERE j.id = f.id)
         SELECT id, attempt, cancelled FROM held"
    );
    let home = Uuid::from_bytes(home.to_bytes());
    let (sql, ids, attempts, leases) = (&sql, &ids, &attempts, &leases);
    let rows = link
        .run(|client, _| async move {
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query(&statement, &[ids, attempts, leases, &home]).await?)
        })
        .await?;
    let held = rows.iter().map(|row| ((rows::id(row.get(0)), rows::attempt(row.get(1))), row.get(2)));
    let held: HashMap<(JobId, Attempt), bool> = held.collect();
    let sort = |leases: &Leases| {
        let mut renewed = Renewed::default();
        for attempt in leases.attempts.iter() {
            match held.get(attempt) {
                None => renewed.gone.push(*attempt),
                Some(true) => renewed.cancelled.push(*attempt),
                Some(false) => {}
            }
        }
        renewed
    };
    Ok(all.iter().map(sort).collect())
}
