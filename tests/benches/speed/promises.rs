//! What is promised, and whether it holds here and now.

use crate::figures::{Series, columns};
use crate::memory::Memory;
use crate::throughput::Throughput;

/// One promise.
#[derive(Debug, Clone)]
pub struct Promise {
    what: &'static str,
    measured: f64,
    bound: Bound,
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    AtMost(f64),
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

/// Memory that is promised for the runner, and on top for each sandbox, in MiB.
const RUNNER_MIB: f64 = 25.0;
const SANDBOX_MIB: f64 = 2.0;

/// Holds what was measured against what is promised.
pub fn check(depths: &[Series], java: &[Series], throughput: &[Throughput], memory: &Memory) -> Vec<Promise> {
    let ratio = |series: &[Series], name: &str| {
        let median = |name: &str| series.iter().find(|one| one.name == name).map_or(f64::NAN, Series::median);
        median(name) / series.first().map_or(f64::NAN, Series::median)
    };
    let two = throughput.iter().find(|row| row.clients == 2);
    // Not beside bare: a fresh box for each run costs the kernel alone more than the program does.
    let share = |rate: fn(&Throughput) -> f64| two.map_or(f64::NAN, |row| rate(row) / row.floor);
    let mib = memory.runner_and_agents as f64 / f64::from(1 << 20);
    let promised_mib = RUNNER_MIB + SANDBOX_MIB * memory.sandboxes as f64;
    let promise = |what, measured, bound| Promise { what, measured, bound };
    vec![
        promise("one run at the runner ÷ bare", ratio(depths, "runner"), Bound::AtMost(2.5)),
        promise("one run over HTTP ÷ bare", ratio(depths, "HTTP"), Bound::AtMost(4.0)),
        promise("one run over TCP ÷ bare", ratio(depths, "TCP"), Bound::AtMost(4.0)),
        promise("2 clients at the runner ÷ fresh boxes", share(|row| row.runner), Bound::AtLeast(0.75)),
        promise("2 clients over HTTP ÷ fresh boxes", share(|row| row.http), Bound::AtLeast(0.5)),
        promise("2 clients over TCP ÷ fresh boxes", share(|row| row.tcp), Bound::AtLeast(0.5)),
        promise("Java at the runner ÷ bare javac and java", ratio(java, "runner"), Bound::AtMost(0.6)),
        promise("MiB of an idle runner and its agents", mib, Bound::AtMost(promised_mib)),
    ]
}

/// For people.
pub fn table(promises: &[Promise]) -> String {
    let head = ["", "measured", "promised", ""].map(str::to_owned);
    let rows = promises.iter().map(|promise| {
        let bound = match promise.bound {
            Bound::AtMost(bound) => format!("≤ {bound}"),
            Bound::AtLeast(bound) => format!("≥ {bound}"),
        };
        let verdict = if promise.holds() { "holds" } else { "BROKEN" };
        [promise.what.to_owned(), format!("{:.2}", promise.measured), bound, verdict.to_owned()]
    });
    columns(&[vec![head], rows.collect()].concat())
}
