//! What becomes of a job without an outcome: released, expired, cancelled, withdrawn, taken over. Rare, so one at a
//! time.

use std::time::Duration;

use protocol::{Attempt, ControllerId, JobId};
use tokio_postgres::Row;
use uuid::Uuid;

use super::link::{Fault, Link};
use super::rows::{self, JOB, NOW, RUNNING, key, microseconds};
use crate::store::codec::from_json;
use crate::store::holder::Holder;
use crate::store::traits::Traits;
use crate::store::{Cancelled, Expired, HOME_TIMEOUT, MAX_LOST, ORPHANED, Release, Released};

/// Leases that are ended in one step.
const STEP: i64 = 500;

/// The use of a job that never ran to its end.
const NO_USAGE: &str = r#"{"cpu_ms":0,"wall_ms":0,"memory_bytes":0}"#;

/// Ends the attempts that the rows of `v` name (id, lost, reason, op): their jobs wait again, at home at $1, or are
/// finished. The same decisions as in the memory store's record.
fn release_sql(victims: &str) -> String {
    let given_up = format!("(v.lost = 1 AND j.lost + v.lost >= {MAX_LOST})");
    let ends = format!("(j.cancelled IS NOT NULL OR {given_up})");
    format!(
        "WITH v AS ({victims}),
         released AS (
           UPDATE jobs j SET lost = j.lost + v.lost, op = v.op, lease_until = NULL, cancelled = NULL,
             state = CASE WHEN {ends} THEN 2 ELSE 0 END,
             home = CASE WHEN {ends} THEN NULL ELSE $1::uuid END,
             runner = CASE WHEN {ends} THEN j.runner END,
             started_at = CASE WHEN {ends} THEN j.started_at END,
             finished_at = CASE WHEN {ends} THEN {NOW} END,
             usage = CASE WHEN {ends} THEN '{NO_USAGE}' END,
             verdict = CASE WHEN j.cancelled IS NOT NULL THEN 'cancelled' WHEN {ends} THEN 'internal_error' END,
             message = CASE WHEN j.cancelled IS NOT NULL THEN j.cancelled WHEN {ends}
               THEN format('the job was lost %s times, the last time: %s', j.lost + v.lost, v.reason) END
           FROM v WHERE j.id = v.id AND {RUNNING} AND j.attempt = v.attempt RETURNING j.*),
         noted AS (
           UPDATE attempts t SET ended_at = {NOW}, ending = CASE v.lost WHEN 1 THEN 'lost' ELSE 'refused' END,
             reason = v.reason
           FROM v JOIN released r USING (id) WHERE t.id = v.id AND t.attempt = r.attempt)
         SELECT {JOB} FROM released j"
    )
}

/// Ends one attempt.
///
/// # Errors
/// The database's.
pub(super) async fn release(
    link: &Link,
    home: ControllerId,
    id: JobId,
    attempt: Attempt,
    release: &Release,
) -> Result<Released, Fault> {
    let (lost, reason) = match release {
        Release::Refused => (0_i32, None),
        Release::Lost { reason } => (1, Some(reason.as_str())),
    };
    let sql = release_sql(
        "SELECT $2::uuid AS id, $3::integer AS attempt, $4::integer AS lost, $5::text AS reason, $6::uuid AS op",
    );
    let (home, op) = (Uuid::from_bytes(home.to_bytes()), Uuid::new_v4());
    let (sql, id, attempt) = (&sql, key(id), attempt.0.cast_signed());
    let rows = link
        .run(|client, again| async move {
            let statement = client.prepare_cached(sql).await?;
            let rows = client.query(&statement, &[&home, &id, &attempt, &lost, &reason, &op]).await?;
            match rows.is_empty() && again {
                true => find_op(&client, id, op).await,
                false => Ok(rows),
            }
        })
        .await?;
    rows.first().map_or(Ok(Released::Stale), released)
}

async fn find_op(client: &deadpool_postgres::Object, id: Uuid, op: Uuid) -> Result<Vec<Row>, Fault> {
    let sql = format!("SELECT {JOB} FROM jobs j WHERE j.id = $1 AND j.op = $2");
    Ok(client.query(&client.prepare_cached(&sql).await?, &[&id, &op]).await?)
}

fn released(row: &Row) -> Result<Released, Fault> {
    let job = rows::job(row)?;
    Ok(match job.verdict {
        Some(_) => Released::Finished(Box::new(job)),
        None => Released::Requeued(rows::queued(row)?),
    })
}

/// Whether the controller that a job is at home with lives.
pub(super) fn is_alive(home: &str) -> String {
    let timeout = microseconds(HOME_TIMEOUT);
    format!("EXISTS (SELECT 1 FROM controllers c WHERE c.id = {home} AND c.seen_at > {NOW} - {timeout})")
}

/// Ends attempts whose lease is over: those at home here or nowhere, and those that nobody ended for a while.
///
/// # Errors
/// The database's.
pub(super) async fn expire(link: &Link, home: ControllerId) -> Result<Vec<Expired>, Fault> {
    let (alive, orphaned) = (is_alive("o.home"), microseconds(ORPHANED));
    let sql = release_sql(&format!(
        "SELECT o.id, o.attempt, 1 AS lost, 'nothing was heard of its runner' AS reason, $2::uuid AS op FROM jobs o
         WHERE o.state = 1 AND o.lease_until <= {NOW}
           AND (o.home = $1 OR NOT {alive} OR o.lease_until <= {NOW} - {orphaned})
         ORDER BY o.id LIMIT {STEP} FOR UPDATE OF o SKIP LOCKED"
    ));
    let (sql, home, op) = (&sql, Uuid::from_bytes(home.to_bytes()), Uuid::new_v4());
    let rows = link
        .run(|client, again| async move {
            if !again {
                return Ok(client.query(&client.prepare_cached(sql).await?, &[&home, &op]).await?);
            }
            // The database was away, and nobody could renew a lease: only what was done before that counts.
            let sql = format!("SELECT {JOB} FROM jobs j WHERE j.op = $1");
            Ok(client.query(&client.prepare_cached(&sql).await?, &[&op]).await?)
        })
        .await?;
    let expired = |row: &Row| {
        let (id, attempt) = (rows::id(row.get(1)), rows::attempt(row.get(5)));
        Ok(Expired { id, attempt, released: released(row)? })
    };
    rows.iter().map(expired).collect()
}

/// Stops a job.
///
/// # Errors
/// The database's.
pub(super) async fn cancel(link: &Link, id: JobId, message: &str) -> Result<Cancelled, Fault> {
    let sql = format!(
        "UPDATE jobs j SET op = CASE j.state WHEN 0 THEN $3::uuid ELSE j.op END,
           state = CASE j.state WHEN 0 THEN 2 ELSE j.state END,
           home = CASE j.state WHEN 0 THEN NULL ELSE j.home END,
           cancelled = CASE j.state WHEN 1 THEN coalesce(j.cancelled, $2) END,
           verdict = CASE j.state WHEN 0 THEN 'cancelled' END,
           message = CASE j.state WHEN 0 THEN $2 END,
           usage = CASE j.state WHEN 0 THEN '{NO_USAGE}' END,
           finished_at = CASE j.state WHEN 0 THEN {NOW} END
         WHERE j.id = $1 AND j.state < 2 RETURNING {JOB}"
    );
    let (sql, id, op) = (&sql, key(id), Uuid::new_v4());
    let (row, known) = link
        .run(|client, again| async move {
            let statement = client.prepare_cached(sql).await?;
            let mut row = client.query_opt(&statement, &[&id, &message, &op]).await?;
            if row.is_none() && again {
                row = find_op(&client, id, op).await?.pop();
            }
            let known = match row {
                Some(_) => true,
                None => client.query_opt("SELECT 1 FROM jobs WHERE id = $1", &[&id]).await?.is_some(),
            };
            Ok((row, known))
        })
        .await?;
    let Some(row) = row else {
        return Ok(if known { Cancelled::TooLate } else { Cancelled::Unknown });
    };
    let job = Box::new(rows::job(&row)?);
    Ok(if job.verdict.is_some() { Cancelled::Finished(job) } else { Cancelled::Requested(job) })
}

/// Forgets a job that waits.
///
/// # Errors
/// The database's.
pub(super) async fn withdraw(link: &Link, id: JobId) -> Result<bool, Fault> {
    let sql = "WITH gone AS (DELETE FROM jobs WHERE id = $1 AND state = 0 RETURNING id),
                    specs AS (DELETE FROM specs s USING gone WHERE s.id = gone.id),
                    attempts AS (DELETE FROM attempts t USING gone WHERE t.id = gone.id)
               SELECT 1 FROM gone";
    let id = key(id);
    link.run(|client, again| async move {
        if client.query_opt(&client.prepare_cached(sql).await?, &[&id]).await?.is_some() {
            return Ok(true);
        }
        // Gone by the attempt before, whose answer was lost: finished jobs only go much later.
        Ok(again && client.query_opt("SELECT 1 FROM jobs WHERE id = $1", &[&id]).await?.is_none())
    })
    .await
}

/// Makes a running attempt of this runner at home here.
///
/// # Errors
/// The database's.
pub(super) async fn take_over(
    link: &Link,
    home: ControllerId,
    (id, attempt): (JobId, Attempt),
    runner: &str,
    lease: Duration,
) -> Result<Holder, Fault> {
    let sql = format!(
        "WITH taken AS (
           UPDATE jobs SET home = $3, lease_until = {NOW} + $4::bigint 
           WHERE id = $1 AND attempt = $2 AND runner = $5 AND state = 1 RETURNING id)
         SELECT j.state, j.traits FROM jobs j WHERE j.id = $1 AND j.attempt = $2 AND j.runner = $5
           AND j.state > 0 AND (j.state = 2 OR EXISTS (SELECT 1 FROM taken))"
    );
    let (sql, home) = (&sql, Uuid::from_bytes(home.to_bytes()));
    let (id, attempt, lease) = (key(id), attempt.0.cast_signed(), microseconds(lease));
    let row = link
        .run(|client, _| async move {
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query_opt(&statement, &[&id, &attempt, &home, &lease, &runner]).await?)
        })
        .await?;
    let Some(row) = row else { return Ok(Holder::Stale) };
    if row.get::<_, i16>(0) == 2 {
        return Ok(Holder::Recorded);
    }
    let traits: Traits = from_json(row.get(1))?;
    Ok(Holder::GoesOn { stdin_follows: traits.stdin_follows(), share: traits.into_share() })
}
