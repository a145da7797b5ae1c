//! What the benches hold their figures against.

/// One promise.
#[derive(Debug, Clone)]
pub struct Promise {
    /// What is promised, with its unit.
    pub what: String,
    /// What was measured.
    pub measured: f64,
    /// What it has to keep to.
    pub bound: Bound,
}

/// What a figure has to keep to.
#[derive(Debug, Clone, Copy)]
pub enum Bound {
    /// It is no higher.
    AtMost(f64),
    /// It is no lower.
    AtLeast(f64),
}

impl Promise {
    /// Whether it is kept.
    pub fn holds(&self) -> bool {
        match self.bound {
            Bound::AtMost(bound) => self.measured <= bound,
            Bound::AtLeast(bound) => self.measured >= bound,
        }
    }
}

/// The rows of a table for people, figures with so many decimals.
pub fn rows(promises: &[Promise], decimals: usize) -> Vec<Vec<String>> {
    let row = |promise: &Promise| {
        let bound = match promise.bound {
            Bound::AtMost(bound) => format!("≤ {bound}"),
            Bound::AtLeast(bound) => format!("≥ {bound}"),
        };
        let verdict = if promise.holds() { "holds" } else { "BROKEN" };
        vec![promise.what.clone(), format!("{:.decimals$}", promise.measured), bound, verdict.to_owned()]
    };
    let head = ["promise", "measured", "promised", ""].map(str::to_owned).to_vec();
    [vec![head], promises.iter().map(row).collect()].concat()
}
