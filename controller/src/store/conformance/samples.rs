//! What a store must do about samples of long times.

use protocol::Timestamp;

use super::*;
use crate::store::{Averages, Whose};

/// Steps of a minute in these tests.
const STEP: Duration = Duration::from_secs(60);

/// The beginning of a minute a while ago, and so many seconds later.
fn at(seconds: i64) -> Timestamp {
    let minute = crate::store::record::now().as_second() / 60 * 60 - 1800;
    Timestamp::from_second(minute + seconds).unwrap()
}

fn sample(runner: &str, at: Timestamp, percent: f32, number: u32) -> Sample {
    Sample {
        runner: runner.to_owned(),
        at,
        cpu_percent: percent,
        memory_percent: 2.0 * percent,
        active_jobs: number,
        active_containers: 2 * number,
    }
}

/// Two minutes of `a`, with a minute between them, and some of `b`, which two controllers see.
async fn keep(store: &impl Store) -> Timestamp {
    let begin = at(0);
    let after = |seconds: i64, micros: i64| {
        begin + jiff::SignedDuration::from_secs(seconds) + jiff::SignedDuration::from_micros(micros)
    };
    let samples = [
        sample("a", begin, 10.0, 1),
        sample("a", after(20, 0), 20.0, 2),
        sample("b", after(20, 3), 50.0, 4),
        sample("b", after(20, 7), 50.0, 4),
        sample("a", after(59, 999_999), 30.0, 1),
        sample("a", after(120, 0), 7.0, 3),
        sample("a", after(140, 0), 8.0, 4),
    ];
    store.record_samples(&samples, Duration::from_secs(24 * 3600)).await.unwrap();
    begin
}

async fn averages(store: &impl Store, whose: Whose, since: Timestamp) -> Vec<Sample> {
    store.averages(&Averages { whose, since, step: STEP }).await.unwrap()
}

pub(super) async fn averages_are_made_for_each_step(store: &impl Store) {
    let begin = keep(store).await;
    let later = |seconds: i64| begin + jiff::SignedDuration::from_secs(seconds);
    let first = sample("a", begin, 20.0, 1);
    let first = Sample { active_containers: 3, ..first };
    let last = Sample { active_containers: 7, ..sample("a", later(120), 7.5, 4) };
    let other = sample("b", begin, 50.0, 4);
    let each = averages(store, Whose::Each, begin).await;
    assert_eq!(each, [first.clone(), other, last.clone()]);
    let one = averages(store, Whose::One("a".to_owned()), begin).await;
    assert_eq!(one, [first, last.clone()]);
    assert_eq!(averages(store, Whose::One("c".to_owned()), begin).await, []);

    // A step that has begun before is averaged from then on, and one that is over is not there.
    let cut = averages(store, Whose::One("a".to_owned()), later(30)).await;
    assert_eq!(cut, [sample("a", begin, 30.0, 1), last]);
}

pub(super) async fn all_runners_together_are_one(store: &impl Store) {
    assert_eq!(averages(store, Whose::All, at(0)).await, []);
    let begin = keep(store).await;
    let all = averages(store, Whose::All, begin).await;
    // `a` runs 1.33 jobs on average and has 2.67 containers, `b` 4 and 8.
    let first = Sample { active_containers: 11, ..sample("*", begin, 35.0, 5) };
    let last = begin + jiff::SignedDuration::from_secs(120);
    let last = Sample { active_containers: 7, ..sample("*", last, 7.5, 4) };
    assert_eq!(all, [first, last]);
}
