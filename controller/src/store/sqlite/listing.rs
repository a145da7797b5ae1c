//! Pages of jobs.

use protocol::client::JobQuery;
use protocol::{JobPage, JobState, JobSummary};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::rows;
use crate::store::listing::{self, LOOKED_AT, PAGE};
use crate::store::{StoreError, codec};

/// A condition, and what its `?` stand for.
type Condition = (&'static str, Vec<Value>);

/// A page of jobs before this number.
pub(super) fn page(db: &Connection, query: &JobQuery, before: u64) -> Result<JobPage, StoreError> {
    let limit = query.limit.unwrap_or(PAGE) as usize;
    let mut conditions = candidates(query, before);
    let down_to = if listing::is_sifted(query) { last_looked_at(db, &conditions)? } else { None };
    conditions.extend(down_to.map(|number| ("jobs.number >= ?", vec![Value::Integer(number)])));
    conditions.extend(wanted(query));
    let (conditions, mut values) = together(&conditions);
    values.push(Value::Integer(i64::try_from(limit + 1).unwrap_or(i64::MAX)));
    let sql = format!("SELECT {} FROM jobs WHERE {conditions} ORDER BY jobs.number DESC LIMIT ?", rows::JOB);
    let mut statement = db.prepare_cached(&sql)?;
    let found: Vec<(i64, JobSummary)> =
        statement.query_map(params_from_iter(values), summary)?.collect::<rusqlite::Result<_>>()?;
    let last = found.get(..limit).filter(|_| found.len() > limit).and_then(<[_]>::last);
    let last = last.map(|(number, _)| number.cast_unsigned());
    let next_cursor = listing::next_cursor(last, down_to.map(i64::cast_unsigned));
    Ok(JobPage { jobs: found.into_iter().take(limit).map(|(_, job)| job).collect(), next_cursor })
}

/// The number of the last job that a page looks at, where there are so many.
fn last_looked_at(db: &Connection, candidates: &[Condition]) -> Result<Option<i64>, StoreError> {
    let (conditions, mut values) = together(candidates);
    values.push(Value::Integer(i64::from(LOOKED_AT) - 1));
    let sql =
        format!("SELECT jobs.number FROM jobs WHERE {conditions} ORDER BY jobs.number DESC LIMIT 1 OFFSET ?");
    Ok(db.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0)).optional()?)
}

fn together(conditions: &[Condition]) -> (String, Vec<Value>) {
    let sql: Vec<&str> = conditions.iter().map(|(sql, _)| *sql).collect();
    (sql.join(" AND "), conditions.iter().flat_map(|(_, values)| values.clone()).collect())
}

/// Which jobs are looked at: what an index finds.
fn candidates(query: &JobQuery, before: u64) -> Vec<Condition> {
    let before = Value::Integer(i64::try_from(before).unwrap_or(i64::MAX));
    let mut conditions = vec![("jobs.number < ?", vec![before])];
    // Said twice, since the index is only of those below 2.
    match query.state {
        Some(JobState::Queued) => conditions.push(("state = 0 AND state < 2", Vec::new())),
        Some(JobState::Running) => conditions.push(("state = 1 AND state < 2", Vec::new())),
        Some(JobState::Finished) | None => {}
    }
    if let Some(owners) = &query.owners {
        let owners = Value::Text(serde_json::json!(owners).to_string());
        conditions.push(("owner IN (SELECT value FROM json_each(?))", vec![owners]));
    }
    if let Some(id) = listing::sought_id(query) {
        conditions.push(("id = ?", vec![Value::Blob(rows::bytes(id).to_vec())]));
    }
    conditions
}

/// Which of these are wanted.
fn wanted(query: &JobQuery) -> Vec<Condition> {
    let mut conditions = Vec::new();
    let text = |text: &str| Value::Text(text.to_owned());
    if query.state == Some(JobState::Finished) {
        conditions.push(("state = 2", Vec::new()));
    }
    if let Some(language) = &query.language {
        conditions.push(("language = ?", vec![text(language)]));
    }
    if let Some(label) = &query.label {
        let (name, value) = label.split_once('=').unwrap_or((label, ""));
        let sql = "EXISTS (SELECT 1 FROM json_each(labels) AS label WHERE label.key = ? AND label.value = ?)";
        conditions.push((sql, vec![text(name), text(value)]));
    }
    if let Some(verdict) = query.verdict {
        conditions.push(("verdict = ?", vec![text(verdict.as_str())]));
    }
    if let Some(runner) = &query.runner {
        conditions.push(("runner = ?", vec![text(runner)]));
    }
    if let Some(sought) = listing::sought_text(query).filter(|_| listing::sought_id(query).is_none()) {
        // `lower` and `hex` know ASCII only, which is what is promised.
        let sql = "(instr(lower(hex(id)), ?) = 1 OR instr(lower(owner), ?) > 0
            OR EXISTS (SELECT 1 FROM json_each(labels) AS label WHERE instr(lower(label.value), ?) > 0))";
        conditions.push((sql, vec![Value::Text(sought); 3]));
    }
    conditions
}

fn summary(row: &Row<'_>) -> rusqlite::Result<(i64, JobSummary)> {
    let mut summary = rows::job(row)?.summary();
    if let Some(usage) = row.get_ref(12)?.as_str_or_null()? {
        summary.usage = codec::from_json(usage).map_err(rows::unreadable)?;
    }
    Ok((row.get(0)?, summary))
}
