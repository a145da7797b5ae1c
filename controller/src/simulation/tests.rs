use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::options::Options;
use super::setup::Setup;
use super::{Run, run, run_in};

/// Failing seeds that are told of: mostly they fail for the same reason.
const NAMED: usize = 10;

#[test]
fn nothing_is_lost_whatever_goes_wrong() {
    let options = Options::read();
    if let Some(seed) = options.seed {
        tracing_subscriber::fmt().without_time().with_ansi(false).init();
        return look_at(&run(seed));
    }
    let begin = Instant::now();
    let runs = run_all(options.first, options.seeds);
    let jobs: u64 = runs.iter().map(|run| run.totals.jobs).sum();
    let attempts: u64 = runs.iter().map(|run| run.totals.attempts).sum();
    let seconds = begin.elapsed().as_secs_f64();
    println!("{} seeds, {jobs} jobs, {attempts} attempts in {seconds:.1} s", runs.len());
    let failed: Vec<String> = runs.iter().filter(|run| !run.violations.is_empty()).map(describe).collect();
    assert!(
        failed.is_empty(),
        "{} of {} seeds fail\n{}",
        failed.len(),
        runs.len(),
        failed[..failed.len().min(NAMED)].join("\n")
    );
}

#[test]
fn a_seed_is_the_same_each_time_to_the_letter() {
    for seed in 1..=12 {
        let (one, other) = (run(seed), run(seed));
        let differs = one.trace.iter().zip(&other.trace).position(|(one, other)| one != other);
        if let Some(line) = differs {
            panic!("seed {seed}, line {line}: {:?} and {:?}", one.trace[line], other.trace[line]);
        }
        assert_eq!(one.digest, other.digest, "seed {seed}");
    }
}

/// Several controllers know of each other's jobs only what a runner says once a second.
#[test]
fn controllers_that_share_busy_runners_are_refused_three_times_for_two_jobs_at_most() {
    for controllers in 1..=3 {
        let runs: Vec<Run> = (1..=5).map(|seed| run_in(Setup::busy(seed, controllers))).collect();
        runs.iter().for_each(|run| assert!(run.violations.is_empty(), "{}", describe(run)));
        let jobs: u64 = runs.iter().map(|run| run.totals.jobs).sum();
        let refused: u64 = runs.iter().map(|run| run.totals.refused).sum();
        println!("{controllers} controllers were refused {refused} times with {jobs} jobs");
        assert!(
            2 * refused <= 3 * jobs,
            "{controllers} controllers were refused {refused} times with {jobs} jobs"
        );
    }
}

/// Runs these seeds on all processors.
fn run_all(first: u64, seeds: u64) -> Vec<Run> {
    let next = AtomicU64::new(first);
    let work = || {
        let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < first + seeds);
        let seeds = std::iter::from_fn(take);
        // Nobody reads the lines of so many.
        seeds.map(|seed| Run { trace: Vec::new(), ..run(seed) }).collect::<Vec<_>>()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut runs: Vec<Run> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    runs.sort_by_key(|run| run.seed);
    runs
}

fn describe(run: &Run) -> String {
    let seed = run.seed;
    format!("seed {seed} (make simulate SEED={seed}):\n  {}", run.violations.join("\n  "))
}

fn look_at(run: &Run) {
    println!("seed {}: {:?}, digest {:016x}", run.seed, run.totals, run.digest);
    assert!(run.violations.is_empty(), "{}", describe(run));
}
