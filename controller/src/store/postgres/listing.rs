//! Pages of jobs.

use protocol::client::JobQuery;
use protocol::{JobPage, JobState, JobSummary, Verdict};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::link::{Fault, Link};
use super::rows::{self, JOB};
use crate::store::codec::from_json;
use crate::store::listing::{self, LOOKED_AT, PAGE};

/// A page of jobs before this number.
///
/// # Errors
/// The database's.
pub(super) async fn page(link: &Link, query: &JobQuery, before: u64) -> Result<JobPage, Fault> {
    let limit = query.limit.unwrap_or(PAGE) as usize;
    let down_to = if listing::is_sifted(query) { last_looked_at(link, query, before).await? } else { None };
    let sql = format!(
        "SELECT {JOB} FROM jobs j WHERE j.number < $1 {} AND j.number >= $3 AND ($4::text IS NULL OR j.language = $4)
           AND ($5::text IS NULL OR j.labels @> $5::text::jsonb)
           AND ($6::text IS NULL OR j.verdict = $6) AND ($7::text IS NULL OR j.runner = $7) {}
         ORDER BY j.number DESC LIMIT $9",
        candidates(query),
        sought(query)
    );
    let label = query.label.as_ref().map(|label| label.split_once('=').unwrap_or((label, "")));
    let label = label.map(|(name, value)| serde_json::json!({ name: value }).to_string());
    let verdict = query.verdict.map(Verdict::as_str);
    let text = match listing::sought_id(query) {
        Some(id) => Some(id.to_string()),
        None => listing::sought_text(query),
    };
    let (before, down, most) = (rows::count(before), down_to.unwrap_or(0), rows::count(limit as u64 + 1));
    let JobQuery { language, runner, owners, .. } = query;
    let parameters: [&(dyn ToSql + Sync); 9] =
        [&before, owners, &down, language, &label, &verdict, runner, &text, &most];
    let (sql, parameters) = (&sql, &parameters);
    let found = link
        .run(|client, _| async move {
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query(&statement, parameters).await?)
        })
        .await?;
    let last = found.get(..limit).filter(|_| found.len() > limit).and_then(<[Row]>::last);
    let last = last.map(|row| row.get::<_, i64>(0).cast_unsigned());
    let next_cursor = listing::next_cursor(last, down_to.map(i64::cast_unsigned));
    let jobs = found.iter().take(limit).map(summary).collect::<Result<_, Fault>>()?;
    Ok(JobPage { jobs, next_cursor })
}

/// The number of the last job that a page looks at, where there are so many.
async fn last_looked_at(link: &Link, query: &JobQuery, before: u64) -> Result<Option<i64>, Fault> {
    // How far is written out: the planner would not take a parameter for more than a few.
    let sql = format!(
        "SELECT j.number FROM jobs j WHERE j.number < $1 {} ORDER BY j.number DESC LIMIT 1 OFFSET {}",
        candidates(query),
        LOOKED_AT - 1
    );
    let (sql, before) = (&sql, rows::count(before));
    let row = link
        .run(|client, _| async move {
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query_opt(&statement, &[&before, &query.owners]).await?)
        })
        .await?;
    Ok(row.map(|row| row.get(0)))
}

/// Which jobs are looked at, with owners as $2. Written out, so that the partial indexes can be used.
fn candidates(query: &JobQuery) -> String {
    let state = match query.state {
        Some(JobState::Queued) => "AND j.state = 0",
        Some(JobState::Running) => "AND j.state = 1",
        Some(JobState::Finished) | None => "",
    };
    let owners = match query.owners {
        Some(_) => "AND j.owner = ANY($2::text[])",
        None => "AND $2::text[] IS NULL",
    };
    format!("{state} {owners}")
}

/// Which of these are at their end, where they have to be, and are what is searched for, with that as $8.
fn sought(query: &JobQuery) -> String {
    let state = if query.state == Some(JobState::Finished) { "AND j.state = 2" } else { "" };
    let text = match listing::sought_id(query) {
        Some(_) => "AND j.id = $8::text::uuid",
        // In this collation `lower` knows ASCII only, which is what is promised.
        None => {
            "AND ($8::text IS NULL OR starts_with(replace(j.id::text, '-', ''), $8)
               OR position($8 IN lower(j.owner COLLATE \"C\")) > 0
               OR EXISTS (SELECT 1 FROM jsonb_each_text(j.labels) l
                 WHERE position($8 IN lower(l.value COLLATE \"C\")) > 0))"
        }
    };
    format!("{state} {text}")
}

fn summary(row: &Row) -> Result<JobSummary, Fault> {
    let mut summary = rows::job(row)?.summary();
    if let Some(usage) = row.get(12) {
        summary.usage = from_json(usage)?;
    }
    Ok(summary)
}
