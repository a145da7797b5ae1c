//! Averages of samples. They are made step by step: the samples of a step are few and beside each other, and a whole
//! day's would have to be sorted first.

use protocol::cluster::{ALL_RUNNERS, Sample};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::rows;
use crate::store::{Averages, StoreError, Whose};

/// Each runner's averages in a step.
const EACH: &str = "SELECT runner, avg(cpu_percent) AS cpu, avg(memory_percent) AS memory, avg(active_jobs) AS jobs, \
                    avg(active_containers) AS containers FROM samples \
                    WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR runner = ?3) GROUP BY runner ORDER BY runner";

/// Averages, the oldest first.
pub(super) fn averages(db: &Connection, wanted: &Averages) -> Result<Vec<Sample>, StoreError> {
    let sql = match wanted.whose {
        Whose::Each | Whose::One(_) => format!("SELECT runner, cpu, memory, jobs, containers FROM ({EACH})"),
        Whose::All => {
            format!("SELECT '{ALL_RUNNERS}', avg(cpu), avg(memory), sum(jobs), sum(containers) FROM ({EACH})")
        }
    };
    let mut statement = db.prepare_cached(&sql)?;
    let mut first = db.prepare_cached(
        "SELECT at FROM samples WHERE at >= ?1 AND (?2 IS NULL OR runner = ?2) ORDER BY at LIMIT 1",
    )?;
    let (step, runner) = (wanted.microseconds(), wanted.runner());
    let mut from = wanted.since.as_microsecond();
    let mut averages = Vec::new();
    while let Some(at) = first.query_row(params![from, runner], |row| row.get::<_, i64>(0)).optional()? {
        let slot = at / step * step;
        let end = slot.saturating_add(step);
        let found = statement.query_map(params![from, end, runner], |row| sample(row, slot))?;
        for sample in found {
            averages.push(sample?);
        }
        from = end;
    }
    Ok(averages)
}

fn sample(row: &Row<'_>, slot: i64) -> rusqlite::Result<Sample> {
    let number = |value: f64| value.round() as u32;
    Ok(Sample {
        runner: row.get(0)?,
        at: rows::time(slot),
        cpu_percent: row.get(1)?,
        memory_percent: row.get(2)?,
        active_jobs: number(row.get(3)?),
        active_containers: number(row.get(4)?),
    })
}
