//! Medians, 95th percentiles and tables.

use std::time::Duration;

/// Times of one thing.
#[derive(Debug, Clone)]
pub struct Series {
    /// What.
    pub name: &'static str,
    times: Vec<Duration>,
}

impl Series {
    /// None yet.
    pub fn new(name: &'static str) -> Self {
        Self { name, times: Vec::new() }
    }

    /// One more.
    pub fn push(&mut self, time: Duration) {
        self.times.push(time);
    }

    /// The time that this share of them does not exceed, in milliseconds (nearest rank).
    fn quantile(&self, share: f64) -> f64 {
        let mut times = self.times.clone();
        times.sort_unstable();
        let rank = (times.len() as f64 * share).ceil() as usize;
        times.get(rank.saturating_sub(1)).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    }

    /// The median, in milliseconds.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

/// Series by series, each beside the first.
pub fn table(series: &[Series]) -> String {
    let floor = series.first().map_or(f64::NAN, Series::median);
    let head = ["", "median ms", "p95 ms", "÷ bare"].map(str::to_owned);
    let rows = series.iter().map(|one| {
        let figures = [one.median(), one.quantile(0.95), one.median() / floor];
        let [median, p95, ratio] = figures.map(|figure| format!("{figure:.2}"));
        [one.name.to_owned(), median, p95, ratio]
    });
    columns(&[vec![head], rows.collect()].concat())
}

/// Rows with their columns under each other: the first to the left, the others to the right.
pub fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| match column {
            0 => format!("  {cell:<width$}"),
            _ => format!("  {cell:>width$}"),
        });
        cells.collect::<String>().trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
