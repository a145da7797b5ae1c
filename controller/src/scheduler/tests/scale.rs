//! What decisions cost. Only figures of a release build mean anything:
//! `cargo test --release --package controller -- --ignored --nocapture decisions_at_scale`.

use std::time::Instant;

use super::*;

const LANGUAGE_COUNT: usize = 20;

fn large_newcomer(index: usize) -> Newcomer {
    let language = |number| (format!("language-{number}"), limits(10.0));
    Newcomer {
        languages: (0..LANGUAGE_COUNT).map(language).collect(),
        labels: [("room".to_owned(), (index % 50).to_string()), ("host".to_owned(), index.to_string())]
            .into(),
        ..newcomer(&format!("runner-{index}"), 4)
    }
}

fn varied(world: &mut World, shares: usize) -> Waiting {
    let number = world.numbers as usize;
    let mut job = world.job(&format!("user-{}", number % shares), (number % 3) as i8);
    job.language = format!("language-{}", number % 5);
    job.limits = asking(1.0 + (number % 97) as f64 / 12.0);
    job
}

/// Keeps so many jobs waiting, all slots busy, and measures a job that ends, one that is decided and one that
/// comes. Returns decisions a second and the slowest one of a thousand, in microseconds.
fn measure(runners: usize, waiting: usize, shares: usize) -> (f64, f64) {
    let mut world = World::new(Rules::default());
    for index in 0..runners {
        world.join(large_newcomer(index));
    }
    let mut running = VecDeque::new();
    for _ in 0..waiting + 4 * runners {
        let job = varied(&mut world, shares);
        world.add_job(job);
        if running.len() < 4 * runners {
            running.extend(world.next());
        }
    }
    let rounds = 50_000;
    let mut times = Vec::with_capacity(rounds);
    let begin = Instant::now();
    for _ in 0..rounds {
        let start = Instant::now();
        let job = varied(&mut world, shares);
        world.add_job(job);
        let ended: Assignment = running.pop_front().unwrap();
        world.end(&ended, Ending::Finished);
        let next = world.next();
        running.push_back(next.expect("a slot and jobs are there"));
        assert_eq!(world.next(), None);
        times.push(start.elapsed());
    }
    let rate = rounds as f64 / begin.elapsed().as_secs_f64();
    times.sort_unstable();
    (rate, times[rounds * 999 / 1000].as_secs_f64() * 1e6)
}

/// The memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[test]
#[ignore = "measures"]
fn memory_at_scale() {
    let before = resident();
    let mut world = World::new(Rules::default());
    for index in 0..10_000 {
        world.join(large_newcomer(index));
    }
    println!("bytes a runner: {}", (resident() - before) / 10_000);
    for shares in [1, 100_000] {
        let before = resident();
        for _ in 0..200_000 {
            let mut job = varied(&mut world, shares);
            job.language = "cobol".to_owned();
            world.add_job(job);
        }
        println!("bytes a job, in {shares} shares: {}", (resident() - before) / 200_000);
    }
}

#[test]
#[ignore = "measures"]
fn decisions_at_scale() {
    println!("runners  waiting  shares  decisions/s  p99.9 µs");
    for runners in [10, 1_000, 10_000] {
        for waiting in [1, 1_000, 100_000] {
            for shares in [1, 1_000] {
                let (rate, slow) = measure(runners, waiting, shares);
                println!("{runners:>7}  {waiting:>7}  {shares:>6}  {rate:>11.0}  {slow:>8.1}");
            }
        }
    }
}
