//! Forgetting what is old: first where the line is, then what lies behind it, some jobs at a time, with rests in which
//! others' statements are not held up. Several controllers may do so at once, since the line does not move with what is
//! gone.

use tokio::time::{Instant, sleep};

use super::link::{Fault, Link};
use super::rows::{NOW, count, microseconds};
use crate::store::Retention;

/// Jobs that go in one step: a few milliseconds of the server's time.
const STEP: u64 = 50;

/// Steps behind one line: what finishes meanwhile is behind the next one.
const STEPS: u64 = 2000;

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

/// Walks from the newest to the first that is too much: as far as jobs may be kept, however many wait to be forgotten. The
/// sum is one of floating point, exact up to 9 PB: PostgreSQL adds large whole numbers digit by digit.
async fn line(link: &Link, keep: &Retention) -> Result<Option<Line>, Fault> {
    let sql = format!(
        "SELECT finished_at, number FROM (
           SELECT finished_at, number, row_number() OVER newest AS place, sum(stored::float8) OVER newest AS bytes
           FROM (SELECT finished_at, number, stored FROM jobs WHERE state = 2
                 ORDER BY finished_at DESC, number DESC LIMIT $2::bigint + 1) AS kept
           WINDOW newest AS (ORDER BY finished_at DESC, number DESC ROWS UNBOUNDED PRECEDING)) AS jobs
         WHERE finished_at < {NOW} - $1::bigint OR (place > 1 AND (place > $2::bigint OR bytes > $3::bigint))
         ORDER BY finished_at DESC, number DESC LIMIT 1"
    );
    let age = keep.age.map(microseconds);
    let (jobs, bytes) = (keep.jobs.map(count), keep.bytes.map(count));
    let sql = &sql;
    let row = link
        .run(|client, _| async move {
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query_opt(&statement, &[&age, &jobs, &bytes]).await?)
        })
        .await?;
    Ok(row.map(|row| Line { finished_at: row.get(0), number: row.get(1) }))
}

async fn forget(link: &Link, line: Line) -> Result<u64, Fault> {
    let sql = format!(
        "WITH oldest AS (
           SELECT id FROM jobs WHERE state = 2 AND (finished_at, number) <= ($1, $2)
           ORDER BY finished_at, number LIMIT {STEP} FOR UPDATE SKIP LOCKED),
         gone AS (DELETE FROM jobs j USING oldest o WHERE j.id = o.id RETURNING j.id),
         specs AS (DELETE FROM specs s USING gone WHERE s.id = gone.id),
         results AS (DELETE FROM results r USING gone WHERE r.id = gone.id),
         artifacts AS (DELETE FROM artifacts a USING gone WHERE a.id = gone.id),
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
