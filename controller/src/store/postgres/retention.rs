//! Forgetting what is old: first where the line is, then what lies behind it, some jobs at a time, with rests in which
//! others' statements are not held up. Several controllers may do so at once, since the line does not move with what is
//! gone.

use tokio::time::{Instant, sleep};

use super::link::{Fault, Link};
use super::rows::{NOW, count, microseconds};
use crate::store::Retention;

/// Jobs that go in one step: a few milliseconds of the server's time.
const STEP: u64 = 50;

/// Steps behind one line.
const STEPS: u64 = 400;

/// How much longer than a step the rest after it is. What finishes faster than this forgets waits for a calmer time.
const REST: u32 = 9;

/// The newest job that goes, in the order of ends: all that are older go as well.
#[derive(Debug, Clone, Copy)]
struct Line {
    finished_at: i64,
    number: i64,
}

/// Forgets finished jobs, up to so many. The newest one only goes by its age.
///
/// # Errors
/// The database's.
pub(super) async fn retain(link: &Link, keep: &Retention) -> Result<u64, Fault> {
    let Some(line) = line(link, keep).await? else { return Ok(0) };
    let mut gone = 0;
    for _ in 0..STEPS {
        let since = Instant::now();
        let step = forget(link, line).await?;
        gone += step;
        if step < STEP {
            break;
        }
        sleep(since.elapsed() * REST).await;
    }
    Ok(gone)
}

/// How much is kept.
#[derive(Debug, Clone, Copy)]
struct Kept {
    jobs: i64,
    bytes: i64,
}

/// Walks from the oldest to the last that is too much, for as many as go before the line is looked for again.
async fn line(link: &Link, keep: &Retention) -> Result<Option<Line>, Fault> {
    let kept = kept(link).await?;
    let over = |kept: i64, most: Option<u64>| most.map_or(0, |most| kept.saturating_sub(count(most)));
    let (jobs, bytes) = (over(kept.jobs, keep.jobs), over(kept.bytes, keep.bytes));
    let most = count(STEP * STEPS);
    let sql = format!(
        "SELECT finished_at, number FROM (
           SELECT finished_at, number, row_number() OVER oldest AS place,
             sum(stored::float8) OVER oldest - stored AS before
           FROM (SELECT finished_at, number, stored FROM jobs WHERE state = 2
                 ORDER BY finished_at, number LIMIT $4) AS first
           WINDOW oldest AS (ORDER BY finished_at, number ROWS UNBOUNDED PRECEDING)) AS jobs
         WHERE finished_at < {NOW} - $1::bigint
           OR (place < $5::bigint AND (place <= $2::bigint OR before < $3::bigint))
         ORDER BY finished_at DESC, number DESC LIMIT 1"
    );
    let (sql, age) = (&sql, keep.age.map(microseconds));
    let row = link
        .run(|client, _| async move {
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query_opt(&statement, &[&age, &jobs, &bytes, &most, &kept.jobs]).await?)
        })
        .await?;
    Ok(row.map(|row| Line { finished_at: row.get(0), number: row.get(1) }))
}

/// The sum is one of floating point, which is exact up to 9 PB: PostgreSQL adds large whole numbers digit by digit.
async fn kept(link: &Link) -> Result<Kept, Fault> {
    let sql = "SELECT count(*), coalesce(sum(stored::float8), 0)::bigint FROM jobs WHERE state = 2";
    let row = link
        .run(|client, _| async move { Ok(client.query_one(&client.prepare_cached(sql).await?, &[]).await?) })
        .await?;
    Ok(Kept { jobs: row.get(0), bytes: row.get(1) })
}

async fn forget(link: &Link, line: Line) -> Result<u64, Fault> {
    let sql = format!(
        "WITH oldest AS (
           SELECT id FROM jobs WHERE state = 2 AND (finished_at, number) <= ($1, $2)
           ORDER BY finished_at, number LIMIT {STEP} FOR UPDATE SKIP LOCKED),
         gone AS (DELETE FROM jobs j USING oldest o WHERE j.id = o.id RETURNING j.id),
         specs AS (DELETE FROM specs s USING gone WHERE s.id = gone.id),
         results AS (DELETE FROM results r USING gone WHERE r.id = gone.id),
         attempts AS (DELETE FROM attempts t USING gone WHERE t.id = gone.id)
         SELECT count(*), set_config('synchronous_commit', 'off', true) FROM gone"
    );
    // What is lost of it with the server's power is forgotten once more.
    let sql = &sql;
    let row = link
        .run(|client, _| async move {
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query_one(&statement, &[&line.finished_at, &line.number]).await?)
        })
        .await?;
    Ok(row.get::<_, i64>(0).cast_unsigned())
}
