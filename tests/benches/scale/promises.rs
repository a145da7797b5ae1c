//! What is promised, and whether it holds here and now. A promise is about the worst that was measured.

use tests::promise::{Bound, Promise};

use crate::measure::{Cell, Measured};

/// The runners that promises about jobs are made for.
const RUNNERS: usize = 1000;

/// Jobs a second that each store lets one processor do.
const RATES: [(&str, f64); 3] = [("memory", 10_000.0), ("sqlite", 3000.0), ("postgres", 2000.0)];

/// The jobs a second that this store is to do.
pub fn rate(store: &str) -> f64 {
    RATES.iter().find(|(name, _)| *name == store).map_or(f64::NAN, |(_, rate)| *rate)
}

/// Milliseconds from submit to assigned that one job in a hundred may exceed, at half load.
pub const ASSIGNED: f64 = 20.0;

/// Kilobytes of the controller's memory for a connected runner.
const MEMORY: f64 = 64.0;

/// Holds what was measured against what is promised of it.
pub fn check(measured: &Measured) -> Vec<Promise> {
    let mut promises = Vec::new();
    for (store, rate) in RATES {
        let cells = || measured.cells.iter().filter(|cell| cell.store == store && cell.runners == RUNNERS);
        let worst_rate = cells().map(|cell| cell.rate).reduce(f64::min);
        let worst = |time: fn(&Cell) -> f64| cells().map(time).reduce(f64::max).unwrap_or(f64::NAN);
        let Some(measured) = worst_rate else { continue };
        let what = format!("{store}: jobs a second on one processor, {RUNNERS} runners");
        promises.push(Promise { what, measured, bound: Bound::AtLeast(rate) });
        for (load, measured) in [
            (format!("{:.0} jobs a second", rate / 2.0), worst(|cell| cell.promised.1)),
            ("half of the most".to_owned(), worst(|cell| cell.assigned.1)),
        ] {
            let what = format!("{store}: ms from submit to assigned at {load}, p99");
            promises.push(Promise { what, measured, bound: Bound::AtMost(ASSIGNED) });
        }
    }
    if let Some(memory) = measured.idle.iter().map(|idle| idle.memory).reduce(f64::max) {
        let what = "KB of memory for a connected runner".to_owned();
        promises.push(Promise { what, measured: memory / 1024.0, bound: Bound::AtMost(MEMORY) });
    }
    promises
}
