//! The hostile programs, sent through a whole cluster as anybody's jobs, and what they leave on this host. The
//! self-test tries the same ones at the runner and looks at each sandbox afterwards.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use std::process::Command;

use protocol::Verdict;
use runner::selftest::attack::{self, Attack};
use serde_json::Value;
use tests::cluster::job;
use tests::private_docker::PrivateDocker;
use tests::process::binary;
use tests::{Cluster, docker, wait_until};

/// How many attacks go on at once, beside each other on one runner.
const AT_ONCE: usize = 2;

/// What an attack came to, where that is not what its head says.
fn complaint(cluster: &Cluster, attack: &Attack) -> Option<String> {
    let done = cluster.job(&serde_json::to_value(&attack.spec).unwrap());
    let verdict: Option<Verdict> = serde_json::from_value(done["verdict"].clone()).unwrap();
    let expected = verdict.is_some_and(|verdict| attack.expected.verdicts.contains(&verdict));
    let right = expected && done["attempts"] == 1;
    (!right).then(|| format!("{}: {done}", attack.name))
}

#[test]
fn no_attack_reaches_beyond_its_own_job() {
    let mut cluster = Cluster::empty();
    // Idle sandboxes do not keep a compiler that is started ahead for long: it would look like something left behind.
    let config = cluster.file("runner.toml", "[pool]\nidle_seconds = 5\n");
    let config = config.to_str().unwrap();
    cluster.add_runner("a", &["--config", config, "--language", "python,c,cpp,java"]);
    let attacks = attack::built_in().unwrap();
    assert!(attacks.len() > 100);
    let complaints: Vec<String> = std::thread::scope(|scope| {
        let halves = attacks.chunks(attacks.len().div_ceil(AT_ONCE));
        let workers: Vec<_> = halves
            .map(|attacks| scope.spawn(|| attacks.iter().filter_map(|it| complaint(&cluster, it)).collect()))
            .collect();
        workers.into_iter().flat_map(|worker| -> Vec<String> { worker.join().unwrap() }).collect()
    });
    assert!(complaints.is_empty(), "{complaints:#?}");

    // The runner has stayed, its sandboxes serve the next job, and the programs' processes are gone.
    assert_eq!(cluster.runner_info("a").unwrap()["state"], "available");
    assert_eq!(cluster.job(&job("python", "main.py", "print('calm')"))["runs"][0]["stdout"], "calm\n");
    wait_until("nothing but agents and the inits of spare boxes to be left", || {
        let containers = docker::containers(&cluster.runner_name("a"));
        let processes: usize = containers.iter().map(|container| descendants(docker::pid(container))).sum();
        (processes <= containers.len()).then_some(())
    });
}

/// How many processes an agent has below it.
fn descendants(agent: i32) -> usize {
    let children =
        std::fs::read_to_string(format!("/proc/{agent}/task/{agent}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    children.map(|child| 1 + descendants(child)).sum()
}

#[test]
fn the_self_test_says_for_people_and_machines_what_held() {
    let run =
        |arguments: &[&str]| Command::new(binary("runner")).arg("selftest").args(arguments).output().unwrap();
    let listed = run(&["--list"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.lines().any(|line| line.starts_with("fork_bomb_busy ")), "{listed}");

    let tried = run(&["--json", "ptrace", "sleep_past_wall"]);
    assert!(tried.status.success());
    let outcome: Value = serde_json::from_slice(&tried.stdout).unwrap();
    assert_eq!(
        (&outcome["summary"]["attacks"], &outcome["summary"]["failed"]),
        (&2.into(), &Value::Array(vec![]))
    );

    let unknown = run(&["nonsense"]);
    assert!(!unknown.status.success());
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("--list"));
}

#[test]
fn a_runner_whose_sandbox_does_not_hold_offers_nothing() {
    let docker = PrivateDocker::new();
    docker.weaken_image();
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--docker", &docker.address()]);
    let info = cluster.runner_info("a").unwrap();
    assert_eq!((&info["state"], &info["languages"]), (&"unavailable".into(), &Value::Array(vec![])));
    assert_eq!(info["selftest"]["failed"], serde_json::json!(["setuid_files"]));
    let reason = info["reason"].as_str().unwrap();
    assert!(reason.contains("self-test") && reason.contains("set-user-id file"), "{reason}");
}

#[test]
fn a_runner_whose_sandbox_was_not_tested_shows_it() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python"]);
    cluster.add_runner("b", &["--language", "python", "--skip-selftest"]);
    let tested = |name: &str| cluster.runner_info(name).unwrap()["selftest"].clone();
    assert_eq!(tested("a")["failed"], Value::Array(vec![]));
    assert_eq!(tested("b"), Value::Null);
}
