//! Whoever wants a program run does not notice who else is at the doors.

use std::time::Instant;

use tests::siege::{DROPPED, HOSTILE, IDLE, Siege, memory, work};
use tests::{Cluster, wait_until};

/// The memory that a thousand connections and a hundred hostile ones may cost, in bytes: a tenth of a megabyte for an idle
/// one, a megabyte for what a hostile one has begun to say.
const MEMORY: u64 = IDLE as u64 * 100_000 + HOSTILE as u64 * 1_000_000;

#[test]
fn honest_jobs_are_done_and_hostile_peers_dropped() {
    let mut cluster = Cluster::offering("python");
    work(&cluster, |done| done == 20);
    let controller = cluster.controller().pid();
    let before = memory(controller);

    let siege = Siege::begin(&cluster);
    let begin = Instant::now();
    let mut most = 0;
    let file = cluster.file("main.py", "print('hello')");
    let during = work(&cluster, |done| {
        most = most.max(memory(controller));
        if done % 50 == 0 {
            let ran = cluster.run(&file, &[]);
            assert_eq!((ran.code, ran.stdout.as_str()), (0, "hello\n"), "{}", ran.stderr);
        }
        siege.hostile().is_empty() || begin.elapsed() > DROPPED
    });
    assert_eq!(siege.hostile(), Vec::<String>::new(), "these are still there");
    assert!(during.count() > 20, "honest jobs went on");
    assert_eq!(siege.idle(), IDLE, "nobody is sent away for having nothing to do");
    assert!(most < before + MEMORY, "{most} bytes, after {before}");

    drop(siege);
    wait_until("the controller to know that they are gone", || (cluster.runner_count() == 1).then_some(()));
    work(&cluster, |done| done == 20);
}
