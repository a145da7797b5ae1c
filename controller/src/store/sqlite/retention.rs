//! Forgetting finished jobs, some at a time so that the writer is never kept from its work for long.

use protocol::Timestamp;
use rusqlite::{Connection, params};

use super::ledger::{Finished, Ledger};
use super::rows;
use crate::store::Retention;

/// Jobs that go in one step.
const STEP: u32 = 200;

/// Pages that are given back to the file system with each step.
const PAGES: u32 = 512;

/// A finished job that may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Old {
    number: u64,
    finished_at: Timestamp,
    bytes: u64,
}

/// How many of the oldest are to go, given what there is of all. The newest one only goes by its age.
fn surplus(oldest: &[Old], all: Finished, keep: &Retention, now: Timestamp) -> usize {
    let before = keep.age.and_then(|age| now.checked_sub(age).ok());
    let mut left = all;
    let is_surplus = |old: &&Old| {
        let crowded = keep.jobs.is_some_and(|jobs| left.jobs > jobs)
            || keep.bytes.is_some_and(|bytes| left.bytes > bytes);
        let goes = before.is_some_and(|before| old.finished_at < before) || (crowded && left.jobs > 1);
        left.jobs = left.jobs.saturating_sub(1);
        left.bytes = left.bytes.saturating_sub(old.bytes);
        goes
    };
    oldest.iter().take_while(is_surplus).count()
}

/// Forgets what is too much. Returns how many jobs went.
///
/// # Errors
/// SQLite's.
pub(super) fn forget(ledger: &mut Ledger, db: &Connection, keep: &Retention) -> rusqlite::Result<u64> {
    let oldest = oldest(db)?;
    let count = surplus(&oldest, ledger.finished, keep, Timestamp::now());
    for old in &oldest[..count] {
        rows::delete(db, old.number)?;
        ledger.finished.jobs = ledger.finished.jobs.saturating_sub(1);
        ledger.finished.bytes = ledger.finished.bytes.saturating_sub(old.bytes);
    }
    if count > 0 {
        db.prepare_cached(&format!("PRAGMA incremental_vacuum({PAGES})"))?
            .query_map([], |_| Ok(()))?
            .for_each(drop);
    }
    Ok(count as u64)
}

fn oldest(db: &Connection) -> rusqlite::Result<Vec<Old>> {
    let sql =
        "SELECT number, finished_at, stored FROM jobs WHERE state = 2 ORDER BY finished_at, number LIMIT ?";
    let mut statement = db.prepare_cached(sql)?;
    let old = |row: &rusqlite::Row<'_>| {
        Ok(Old {
            number: row.get::<_, i64>(0)?.cast_unsigned(),
            finished_at: rows::time(row.get(1)?),
            bytes: row.get::<_, i64>(2)?.cast_unsigned(),
        })
    };
    statement.query_map(params![STEP], old)?.collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn five() -> (Vec<Old>, Finished) {
        let old = (0..5).map(|number| Old { number, finished_at: at(number.cast_signed()), bytes: 10 });
        (old.collect(), Finished { jobs: 5, bytes: 50 })
    }

    fn goes(keep: Retention) -> usize {
        let (oldest, all) = five();
        surplus(&oldest, all, &keep, at(100))
    }

    const ALL: Retention = Retention { age: None, jobs: None, bytes: None };

    #[test]
    fn whatever_is_reached_first_counts() {
        assert_eq!(goes(ALL), 0);
        assert_eq!(goes(Retention { jobs: Some(3), ..ALL }), 2);
        assert_eq!(goes(Retention { bytes: Some(25), ..ALL }), 3);
        assert_eq!(goes(Retention { age: Some(Duration::from_secs(99)), ..ALL }), 1);
        assert_eq!(goes(Retention { age: Some(Duration::from_secs(99)), jobs: Some(1), bytes: None }), 4);
    }

    #[test]
    fn the_newest_one_goes_by_its_age_alone() {
        assert_eq!(goes(Retention { bytes: Some(1), ..ALL }), 4);
        assert_eq!(goes(Retention { age: Some(Duration::from_secs(1)), ..ALL }), 5);
    }
}
