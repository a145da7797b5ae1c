//! What was measured, as tables.

use crate::measure::{Cell, Drained, Idle, Measured};

/// Rows, the head first.
pub type Table = Vec<Vec<String>>;

/// What runners cost that have nothing to do.
pub fn idle(measured: &Measured) -> Table {
    let row = |idle: &Idle| {
        let kilobytes = format!("{:.1}", idle.memory / 1024.0);
        vec![idle.store.to_owned(), idle.runners.to_string(), kilobytes, format!("{:.0}", idle.cpu)]
    };
    let head = row_of(["store", "runners", "KB a runner", "µs of a second a runner"]);
    [vec![head], measured.idle.iter().map(row).collect()].concat()
}

/// What a controller does with so many jobs in its queue.
pub fn cells(measured: &Measured) -> Table {
    let head = row_of([
        "store",
        "runners",
        "queued",
        "jobs/s",
        "µs a job",
        "assigned p50 ms",
        "p99 ms",
        "finished p50 ms",
        "p99 ms",
        "at half of promised p50 ms",
        "p99 ms",
        "KB a queued job",
        "bench busy %",
    ]);
    let row = |cell: &Cell| {
        let mut row = vec![cell.store.to_owned(), cell.runners.to_string(), cell.queued.to_string()];
        let whole = [cell.rate, cell.cpu].map(|figure| format!("{figure:.0}"));
        let (assigned, finished) = (cell.assigned, cell.finished);
        let times = [assigned.0, assigned.1, finished.0, finished.1, cell.promised.0, cell.promised.1];
        let times = times.map(|time| format!("{time:.1}"));
        row.extend(whole.into_iter().chain(times));
        // A few jobs are lost in what else the memory is used for.
        row.push(if cell.added < 1000 { "–".to_owned() } else { format!("{:.1}", cell.memory / 1024.0) });
        row.push(format!("{:.0}", cell.bench * 100.0));
        row
    };
    [vec![head], measured.cells.iter().map(row).collect()].concat()
}

/// How fast queues empty.
pub fn drained(measured: &Measured) -> Table {
    let row = |drained: &Drained| {
        let figures =
            [drained.runners.to_string(), drained.queued.to_string(), format!("{:.0}", drained.rate)];
        [vec![drained.store.to_owned()], figures.into()].concat()
    };
    let head = row_of(["store", "runners that come back", "jobs that wait", "jobs/s"]);
    [vec![head], measured.drained.iter().map(row).collect()].concat()
}

/// A row of these cells.
pub fn row_of<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).into()
}
