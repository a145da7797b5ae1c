//! What is kept beside the jobs' path: controllers, runners, samples, counts.

use std::time::Duration;

use protocol::ControllerId;
use protocol::cluster::Sample;
use uuid::Uuid;

use super::fate::is_alive;
use super::link::{Fault, Link};
use super::rows::{JOB, NOW, QUEUED, count, microseconds, queued};
use crate::store::Queued;

/// How long a controller is remembered that is not there any more.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);

/// What waits and runs, over all controllers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Load {
    pub(super) queued: u64,
    pub(super) running: u64,
    pub(super) bytes: u64,
}

/// Says that a controller lives.
///
/// # Errors
/// The database's.
pub(super) async fn heartbeat(link: &Link, home: ControllerId) -> Result<(), Fault> {
    let sql = format!(
        "WITH gone AS (DELETE FROM controllers WHERE seen_at < {NOW} - {})
         INSERT INTO controllers (id, seen_at) VALUES ($1, {NOW})
         ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
        microseconds(FORGOTTEN)
    );
    let (sql, home) = (&sql, Uuid::from_bytes(home.to_bytes()));
    link.run(|client, _| async move {
        client.execute(&client.prepare_cached(sql).await?, &[&home]).await?;
        Ok(())
    })
    .await
}

/// Counts what waits and runs.
///
/// # Errors
/// The database's.
pub(super) async fn load(link: &Link) -> Result<Load, Fault> {
    let sql = "SELECT count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 1), \
               coalesce(sum(bytes::float8), 0)::bigint FROM jobs WHERE state = 0 OR state = 1";
    let row = link
        .run(|client, _| async move { Ok(client.query_one(&client.prepare_cached(sql).await?, &[]).await?) })
        .await?;
    let number = |index: usize| row.get::<_, i64>(index).cast_unsigned();
    Ok(Load { queued: number(0), running: number(1), bytes: number(2) })
}

/// Makes queued jobs that are at home nowhere at home here: up to twice the limit where it had to be tried again.
///
/// # Errors
/// The database's.
pub(super) async fn adopt(link: &Link, home: ControllerId, limit: usize) -> Result<Vec<Queued>, Fault> {
    let alive = is_alive("h.home");
    // First which homes there are, from one to the next: jobs whose homes live are not looked at, however many wait.
    let sql = format!(
        "WITH RECURSIVE homes AS (
           (SELECT home FROM jobs WHERE state = 0 AND home IS NOT NULL ORDER BY home LIMIT 1)
           UNION ALL
           SELECT (SELECT j.home FROM jobs j WHERE j.state = 0 AND j.home > h.home ORDER BY j.home LIMIT 1)
           FROM homes h WHERE h.home IS NOT NULL),
         homeless AS MATERIALIZED (
           SELECT w.id, h.home, w.number FROM homes h CROSS JOIN LATERAL (
             SELECT id, number FROM jobs WHERE state = 0 AND home = h.home ORDER BY number LIMIT $2) w
           WHERE h.home <> $1 AND NOT {alive}
           UNION ALL
           SELECT id, home, number FROM jobs WHERE state = 0 AND home IS NULL
           ORDER BY number LIMIT $2),
         locked AS (
           SELECT j.id FROM jobs j JOIN homeless h USING (id)
           WHERE {QUEUED} AND j.home IS NOT DISTINCT FROM h.home FOR UPDATE OF j SKIP LOCKED),
         adopted AS (UPDATE jobs j SET home = $1, op = $3 FROM locked WHERE j.id = locked.id RETURNING j.*)
         SELECT {JOB} FROM adopted j ORDER BY j.number"
    );
    let (sql, home, limit) = (&sql, Uuid::from_bytes(home.to_bytes()), count(limit as u64));
    let op = Uuid::new_v4();
    let rows = link
        .run(|client, again| async move {
            let mut rows = client.query(&client.prepare_cached(sql).await?, &[&home, &limit, &op]).await?;
            if again {
                // It may have been done; then nobody was told of them.
                let sql =
                    format!("SELECT {JOB} FROM jobs j WHERE j.state = 0 AND j.home = $1 AND j.op = $2 ORDER BY j.number");
                rows = client.query(&client.prepare_cached(&sql).await?, &[&home, &op]).await?;
            }
            Ok(rows)
        })
        .await?;
    rows.iter().map(|row| Ok(queued(row)?)).collect()
}

/// Queued jobs that are at home here, behind this number.
///
/// # Errors
/// The database's.
pub(super) async fn at_home(
    link: &Link,
    home: ControllerId,
    after: u64,
    limit: usize,
) -> Result<Vec<Queued>, Fault> {
    let sql = format!(
        "SELECT {JOB} FROM jobs j WHERE j.state = 0 AND j.home = $1 AND j.number > $2 ORDER BY j.number LIMIT $3"
    );
    let (sql, home) = (&sql, Uuid::from_bytes(home.to_bytes()));
    let (after, limit) = (count(after), count(limit as u64));
    let rows = link
        .run(|client, _| async move {
            Ok(client.query(&client.prepare_cached(sql).await?, &[&home, &after, &limit]).await?)
        })
        .await?;
    rows.iter().map(|row| Ok(queued(row)?)).collect()
}

/// Makes the queued jobs of a controller at home nowhere.
///
/// # Errors
/// The database's.
pub(super) async fn disown(link: &Link, home: ControllerId) -> Result<(), Fault> {
    let home = Uuid::from_bytes(home.to_bytes());
    link.run(|client, _| async move {
        client.execute("UPDATE jobs SET home = NULL WHERE state = 0 AND home = $1", &[&home]).await?;
        Ok(())
    })
    .await
}

/// Remembers what a runner says of itself.
///
/// # Errors
/// The database's.
pub(super) async fn remember_runner(link: &Link, name: &str, registration: &str) -> Result<(), Fault> {
    let sql = format!(
        "INSERT INTO runners (name, registration, seen_at) VALUES ($1, $2, {NOW})
         ON CONFLICT (name) DO UPDATE SET registration = excluded.registration, seen_at = excluded.seen_at"
    );
    let sql = &sql;
    link.run(|client, _| async move {
        client.execute(&client.prepare_cached(sql).await?, &[&name, &registration]).await?;
        Ok(())
    })
    .await
}

/// Forgets a runner. Returns whether it was known.
///
/// # Errors
/// The database's.
pub(super) async fn forget_runner(link: &Link, name: &str) -> Result<bool, Fault> {
    link.run(|client, again| async move {
        Ok(client.execute("DELETE FROM runners WHERE name = $1", &[&name]).await? > 0 || again)
    })
    .await
}

/// Keeps samples, and forgets those that are older than this.
///
/// # Errors
/// The database's.
pub(super) async fn record_samples(link: &Link, samples: &[Sample], keep: Duration) -> Result<(), Fault> {
    let times: Vec<i64> = samples.iter().map(|sample| sample.at.as_microsecond()).collect();
    let runners: Vec<&str> = samples.iter().map(|sample| sample.runner.as_str()).collect();
    let cpus: Vec<f32> = samples.iter().map(|sample| sample.cpu_percent).collect();
    let memories: Vec<f32> = samples.iter().map(|sample| sample.memory_percent).collect();
    let jobs: Vec<i64> = samples.iter().map(|sample| sample.active_jobs.into()).collect();
    let containers: Vec<i64> = samples.iter().map(|sample| sample.active_containers.into()).collect();
    let sql = format!(
        "WITH old AS (DELETE FROM samples WHERE at < {NOW} - $7::bigint)
         INSERT INTO samples (at, runner, cpu_percent, memory_percent, active_jobs, active_containers)
         SELECT * FROM unnest($1::bigint[], $2::text[], $3::real[], $4::real[], $5::bigint[], $6::bigint[]) AS a (at)
         WHERE a.at >= {NOW} - $7::bigint ON CONFLICT DO NOTHING"
    );
    let (sql, keep) = (&sql, microseconds(keep));
    let (times, runners, cpus, memories) = (&times, &runners, &cpus, &memories);
    let (jobs, containers) = (&jobs, &containers);
    link.run(|client, _| async move {
        let statement = client.prepare_cached(sql).await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
            [times, runners, cpus, memories, jobs, containers, &keep];
        client.execute(&statement, &parameters).await?;
        Ok(())
    })
    .await
}

/// Removes a controller that leaves, so that nobody waits for it.
///
/// # Errors
/// The database's.
pub(super) async fn leave(link: &Link, home: ControllerId) -> Result<(), Fault> {
    let home = Uuid::from_bytes(home.to_bytes());
    let client = link.once().await?;
    client.execute("DELETE FROM controllers WHERE id = $1", &[&home]).await?;
    Ok(())
}
