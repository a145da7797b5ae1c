//! What is promised, and whether it holds here and now.

use tests::promise::{Bound, Promise};

use crate::figures::Series;
use crate::memory::Memory;
use crate::throughput::Throughput;

/// Memory that is promised for the runner, and on top for each sandbox, in MiB.
const RUNNER_MIB: f64 = 25.0;
const SANDBOX_MIB: f64 = 2.0;

/// Holds what was measured against what is promised.
pub fn check(
    depths: &[Series],
    java: &[Series],
    many: &[Series],
    throughput: &[Throughput],
    memory: &Memory,
) -> Vec<Promise> {
    let ratio = |series: &[Series], name: &str| {
        let median = |name: &str| series.iter().find(|one| one.name == name).map_or(f64::NAN, Series::median);
        median(name) / series.first().map_or(f64::NAN, Series::median)
    };
    let two = throughput.iter().find(|row| row.clients == 2);
    // Not beside bare: a fresh box for each run costs the kernel alone more than the program does.
    let share = |rate: fn(&Throughput) -> f64| two.map_or(f64::NAN, |row| rate(row) / row.floor);
    let mib = memory.runner_and_agents as f64 / f64::from(1 << 20);
    let promised_mib = RUNNER_MIB + SANDBOX_MIB * memory.sandboxes as f64;
    let promise = |what: &str, measured, bound| Promise { what: what.to_owned(), measured, bound };
    vec![
        promise("one run at the runner ÷ bare", ratio(depths, "runner"), Bound::AtMost(2.5)),
        promise("one run over HTTP ÷ bare", ratio(depths, "HTTP"), Bound::AtMost(4.0)),
        promise("one run over TCP ÷ bare", ratio(depths, "TCP"), Bound::AtMost(4.0)),
        promise("2 clients at the runner ÷ fresh boxes", share(|row| row.runner), Bound::AtLeast(0.75)),
        promise("2 clients over HTTP ÷ fresh boxes", share(|row| row.http), Bound::AtLeast(0.5)),
        promise("2 clients over TCP ÷ fresh boxes", share(|row| row.tcp), Bound::AtLeast(0.5)),
        promise("Java at the runner ÷ bare javac and java", ratio(java, "runner"), Bound::AtMost(0.6)),
        promise("200 tests of a compiled program ÷ bare", ratio(many, "runner"), Bound::AtMost(2.0)),
        promise("MiB of an idle runner and its agents", mib, Bound::AtMost(promised_mib)),
    ]
}
