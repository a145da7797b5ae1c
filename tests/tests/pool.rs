//! Sandboxes stand ready before their job comes: as many as were needed lately, within a budget of memory.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use std::thread;

use serde_json::{Value, json};
use tests::cluster::job;
use tests::{Cluster, docker, wait_until};

/// A budget for two sandboxes.
const TWO: &str = "[pool]\nmemory_bytes = 12000000\n";

/// A language whose only program does nothing, quickly.
const TRUE: &str = "[[language]]\nid = 'true'\nname = 'true'\nextensions = ['true']\nimage = 'gcc'\n\
                    version = ['gcc', '--version']\nentry = 'any'\nrun = ['true']\n";

/// A cluster whose only runner, `a`, takes three jobs at once and has this configuration.
fn cluster(config: &str) -> Cluster {
    let mut cluster = Cluster::empty();
    let config = cluster.file("runner.toml", config);
    let config = config.to_str().unwrap();
    cluster.add_runner("a", &["--config", config, "--language", "python,c", "--max-jobs", "3"]);
    cluster
}

fn warm(cluster: &Cluster, language: &str) -> Option<u64> {
    cluster.runner_info("a")?["telemetry"]["warm"][language].as_u64()
}

/// Waits until so many sandboxes stand ready, and there are no others.
fn wait_for_warm(cluster: &Cluster, python: u64, c: u64) {
    wait_until(&format!("{python} sandboxes for Python and {c} for C"), || {
        let now = (warm(cluster, "python")?, warm(cluster, "c")?);
        let all = docker::containers(&cluster.runner_name("a")).len() as u64;
        (now == (python, c) && all == python + c).then_some(())
    });
}

/// Runs so many Python programs that all run at the same time.
fn run_at_once(cluster: &Cluster, jobs: usize) {
    let ids: Vec<String> = (0..jobs).map(|_| cluster.submit(&sleeping())).collect();
    wait_until("all jobs to run", || {
        ids.iter().all(|id| cluster.look(id)["state"] == "running").then_some(())
    });
    for id in ids {
        assert_eq!(cluster.wait_for(&id, "finished")["verdict"], "ok");
    }
}

fn sleeping() -> Value {
    job("python", "main.py", "import time\ntime.sleep(2)\n")
}

#[test]
fn as_many_stay_as_were_needed_at_once_and_fade() {
    let cluster = cluster("[pool]\nidle_seconds = 8\n");
    wait_for_warm(&cluster, 1, 1);
    run_at_once(&cluster, 3);
    wait_for_warm(&cluster, 3, 1);
    wait_for_warm(&cluster, 2, 1);
    wait_for_warm(&cluster, 1, 1);
}

#[test]
fn busy_sandboxes_are_used_again_and_again() {
    let mut cluster = Cluster::empty();
    let languages = cluster.folder.path().join("languages");
    std::fs::create_dir(&languages).unwrap();
    std::fs::write(languages.join("true.toml"), TRUE).unwrap();
    let config = cluster.file("runner.toml", &format!("languages_dir = {languages:?}\n"));
    cluster.add_runner("a", &["--config", config.to_str().unwrap(), "--language", "true", "--max-jobs", "3"]);
    let runner = cluster.runner_name("a");
    let quick = job("true", "x.true", "");
    let run = |jobs: usize| {
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..jobs).for_each(|_| assert_eq!(cluster.job(&quick)["verdict"], "ok")));
            }
        });
    };
    let three = || {
        wait_until("three sandboxes", || {
            run(10);
            let mut now = docker::containers(&runner);
            now.sort();
            (now.len() == 3).then_some(now)
        })
    };
    let before = three();
    run(300);
    assert_eq!(three(), before, "a sandbox was thrown away for another one");
}

#[test]
fn what_stands_idle_makes_way_and_no_job_waits_for_memory() {
    let cluster = cluster(TWO);
    wait_for_warm(&cluster, 1, 1);
    run_at_once(&cluster, 3);
    let c = job("c", "main.c", "int main(void) { return 0; }\n");
    assert_eq!(cluster.job(&c)["verdict"], "ok");
    wait_for_warm(&cluster, 1, 1);
}

#[test]
fn with_container_isolation_no_two_jobs_meet_the_same_container() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--max-jobs", "1", "--isolation", "container"]);
    let runner = cluster.runner_name("a");
    let fresh = |used: &[String]| {
        wait_until("one fresh container that stands ready", || {
            let now = docker::containers(&runner);
            let one = warm(&cluster, "python") == Some(1) && now.len() == 1 && !used.contains(&now[0]);
            one.then(|| now[0].clone())
        })
    };
    let mut used = Vec::new();
    for number in 0..3 {
        used.push(fresh(&used));
        let done = cluster.job(&job("python", "main.py", &format!("print({number})")));
        assert_eq!((&done["verdict"], &done["attempts"]), (&json!("ok"), &json!(1)), "{done}");
    }
    fresh(&used);
}

#[test]
fn with_container_isolation_many_jobs_at_once_are_answered() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--max-jobs", "3", "--isolation", "container"]);
    thread::scope(|scope| {
        for number in 0..9 {
            let cluster = &cluster;
            scope.spawn(move || {
                let done = cluster.job(&job("python", "main.py", &format!("print({number})")));
                assert_eq!(done["runs"][0]["stdout"], format!("{number}\n"), "{done}");
            });
        }
    });
}
