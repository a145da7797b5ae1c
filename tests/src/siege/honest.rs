//! What somebody notices who only wants a program run.

use std::time::{Duration, Instant};

use crate::cluster::job;
use crate::{Cluster, http};

/// How long jobs took.
#[derive(Debug, Clone, Default)]
pub struct Times(Vec<Duration>);

/// Has jobs done one after the other, over HTTP, until told that it is enough. Each has to be done, and right.
pub fn work(cluster: &Cluster, mut enough: impl FnMut(usize) -> bool) -> Times {
    let mut times = Vec::new();
    while !enough(times.len()) {
        let number = times.len();
        let begin = Instant::now();
        let mut job = job("python", "main.py", "print(input())");
        job["stdin"] = number.to_string().into();
        let answer = http::post(&cluster.url("/jobs?wait=60"), &job);
        times.push(begin.elapsed());
        assert_eq!(answer.status, 200, "job {number} was refused: {}", answer.body);
        let run = &answer.body["runs"][0];
        assert_eq!(run["stdout"], format!("{number}\n"), "job {number}: {}", answer.body);
    }
    times.sort();
    Times(times)
}

impl Times {
    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Half of them took no longer.
    pub fn median(&self) -> Duration {
        self.0.get(self.0.len() / 2).copied().unwrap_or_default()
    }

    /// None took longer.
    pub fn worst(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }
}
