//! What an honest client notices of a thousand idle and a hundred hostile connections, in figures:
//! `cargo run --release --package tests --example siege`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use tests::siege::{DROPPED, HOSTILE, IDLE, Siege, Times, memory, work};
use tests::{Cluster, table, wait_until};

/// How long honest jobs are measured without anybody else.
const QUIET: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let mut cluster = Cluster::offering("python");
    let controller = cluster.controller().pid();
    let quiet = |cluster: &Cluster| {
        let begin = Instant::now();
        work(cluster, |_| begin.elapsed() > QUIET)
    };
    work(&cluster, |done| done == 20);
    let before = (quiet(&cluster), memory(controller));

    let begin = Instant::now();
    let siege = Siege::begin(&cluster);
    let mut most = 0;
    let during = work(&cluster, |_| {
        most = most.max(memory(controller));
        begin.elapsed() > DROPPED
    });
    let (idle, left, stays) = (siege.idle(), siege.hostile(), siege.stays());
    drop(siege);
    wait_until("the idle ones to be gone", || (cluster.runner_count() == 1).then_some(()));
    let after = (quiet(&cluster), memory(controller));

    let row = |name: &str, times: &Times, memory: u64| {
        let milliseconds = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
        let megabytes = format!("{:.1}", memory as f64 / f64::from(1 << 20));
        [
            name.to_owned(),
            times.count().to_string(),
            milliseconds(times.median()),
            milliseconds(times.worst()),
            megabytes,
        ]
        .to_vec()
    };
    let head = ["", "jobs", "median ms", "worst ms", "controller MiB"].map(str::to_owned).to_vec();
    let rows = [
        head,
        row("before", &before.0, before.1),
        row("during", &during, most),
        row("after", &after.0, after.1),
    ];
    println!("{}", table::columns(&rows));
    println!("{idle} of {IDLE} idle connections stayed, {} of {HOSTILE} hostile ones", left.len());
    for (kind, longest) in stays {
        let longest = longest.map_or("still there".to_owned(), |stay| format!("{:.1} s", stay.as_secs_f64()));
        println!("  {longest:>11}  {kind}");
    }
    if idle == IDLE && left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
