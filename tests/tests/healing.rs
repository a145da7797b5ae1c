//! What a runner needs fails under it: Docker, containers, images, the disk. No job gets a wrong answer or waits
//! for ever, whoever looks is told why, and the runner heals by itself.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tests::cluster::{Ran, job};
use tests::docker;
use tests::private_docker::{Mount, PrivateDocker};
use tests::process::binary;
use tests::{Cluster, wait_until};

/// How often a runner looks at its images without a reason.
const LOOK: Duration = Duration::from_secs(10);

/// A program that takes a while and says which it is.
fn slow(seconds: f64, name: &str) -> Value {
    job("python", "main.py", &format!("import time\ntime.sleep({seconds})\nprint('{name}')\n"))
}

/// A cluster whose only runner, `a`, uses this Docker.
fn cluster_on(docker: &PrivateDocker, max_jobs: &str) -> Cluster {
    let mut cluster = Cluster::empty();
    let flags = ["--language", "python", "--max-jobs", max_jobs, "--docker", &docker.address()];
    cluster.add_runner("a", &flags);
    wait_for_warm(&cluster);
    cluster
}

/// Waits until a sandbox stands ready.
fn wait_for_warm(cluster: &Cluster) {
    wait_until("a warm sandbox", || {
        let info = cluster.runner_info("a")?;
        (info["telemetry"]["warm"]["python"].as_u64()? > 0).then_some(())
    });
}

/// Whether the runner takes no jobs, and says why with these words.
fn says(cluster: &Cluster, words: &str) -> bool {
    let info = cluster.runner_info("a").unwrap_or_default();
    info["state"] == "unavailable" && info["reason"].as_str().is_some_and(|reason| reason.contains(words))
}

/// Waits until it does.
fn wait_for_reason(cluster: &Cluster, words: &str) {
    wait_until(&format!("the runner to say {words:?}"), || says(cluster, words).then_some(()));
}

fn assert_ok(job: &Value, said: &str, attempts: u64) {
    assert_eq!(
        (&job["verdict"], &job["runs"][0]["stdout"]),
        (&json!("ok"), &json!(format!("{said}\n"))),
        "{job}"
    );
    assert!(job["attempts"].as_u64().unwrap() <= attempts, "{job}");
}

#[test]
fn docker_is_restarted_under_load() {
    let mut docker = PrivateDocker::new();
    let cluster = cluster_on(&docker, "2");
    let ids: Vec<String> =
        (0..8).map(|number| cluster.submit(&slow(0.5, &format!("job {number}")))).collect();
    cluster.wait_for(&ids[2], "running");
    docker.stop();
    wait_for_reason(&cluster, "Docker");
    docker.start();
    for (number, id) in ids.iter().enumerate() {
        let job = cluster.wait_for(id, "finished");
        assert_eq!(job["verdict"], "ok", "{job}");
        assert_eq!(job["runs"][0]["stdout"], format!("job {number}\n"), "{job}");
    }
    let runner = cluster.runner_name("a");
    wait_until("dead containers to be removed", || {
        docker.containers(&runner, Some("exited")).is_empty().then_some(())
    });
}

#[test]
fn docker_hangs() {
    let docker = PrivateDocker::new();
    let cluster = cluster_on(&docker, "1");
    let running = cluster.submit(&slow(1.0, "all along"));
    cluster.wait_for(&running, "running");
    docker.freeze();
    // A job needs Docker for nothing but its container.
    assert_ok(&cluster.wait_for(&running, "finished"), "all along", 1);
    wait_for_reason(&cluster, "does not answer");
    let waiting = cluster.submit(&slow(0.0, "later"));
    assert_eq!(cluster.look(&waiting)["state"], "queued");
    docker.thaw();
    assert_ok(&cluster.wait_for(&waiting, "finished"), "later", 1);
}

#[test]
fn an_image_goes_and_comes_back() {
    let docker = PrivateDocker::new();
    let cluster = cluster_on(&docker, "2");
    let running = cluster.submit(&slow(4.0, "all along"));
    cluster.wait_for(&running, "running");
    docker.remove_image();
    let since = Instant::now();
    let waiting = cluster.submit(&slow(0.0, "with the new one"));
    wait_for_reason(&cluster, "runner images build");
    assert!(since.elapsed() < LOOK, "only the regular look at the images found it");
    assert_eq!(cluster.look(&running)["state"], "running", "what runs goes on");
    cluster.wait_for(&waiting, "queued");
    assert_ok(&cluster.wait_for(&running, "finished"), "all along", 1);
    docker.load_image();
    let done = cluster.wait_for(&waiting, "finished");
    assert_eq!((&done["verdict"], &done["runs"][0]["stdout"]), (&json!("ok"), &json!("with the new one\n")));
}

#[test]
fn dockers_disk_is_full() {
    let docker = PrivateDocker::new();
    let cluster = cluster_on(&docker, "1");
    let runner = cluster.runner_name("a");
    let filler = wait_until("the runner to say that the disk is full", || {
        // A container that is removed makes room for the next.
        let filler = docker.fill_disk();
        docker.kill_containers(&runner);
        says(&cluster, "no space left on device").then_some(filler)
    });
    let waiting = cluster.submit(&slow(0.0, "with room"));
    assert_eq!(cluster.look(&waiting)["state"], "queued");
    fs::remove_file(filler).unwrap();
    assert_ok(&cluster.wait_for(&waiting, "finished"), "with room", 1);
}

#[test]
fn an_idle_container_is_killed() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--max-jobs", "1"]);
    wait_for_warm(&cluster);
    let runner = cluster.runner_name("a");
    let before = docker::containers(&runner);
    before.iter().for_each(|container| docker::kill(container));
    wait_until("another container", || {
        let now = docker::containers(&runner);
        (!now.is_empty() && now.iter().all(|container| !before.contains(container))).then_some(())
    });
    assert_ok(&cluster.job(&slow(0.0, "as if nothing had been")), "as if nothing had been", 1);
}

#[test]
fn an_agent_is_killed_in_the_middle_of_a_job() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--max-jobs", "1"]);
    wait_for_warm(&cluster);
    let id = cluster.submit(&slow(1.0, "again"));
    cluster.wait_for(&id, "running");
    for container in docker::containers(&cluster.runner_name("a")) {
        kill(Pid::from_raw(docker::pid(&container)), Signal::SIGKILL).unwrap();
    }
    assert_ok(&cluster.wait_for(&id, "finished"), "again", 2);
}

#[test]
fn a_container_runtime_is_named_where_docker_does_not_know_it() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--runtime", "no-such-runtime"]);
    wait_for_reason(&cluster, "no-such-runtime");
    let waiting = cluster.submit(&slow(0.0, "with runc"));
    cluster.add_runner("b", &["--language", "python", "--runtime", "runc"]);
    let done = cluster.wait_for(&waiting, "finished");
    assert_ok(&done, "with runc", 1);
    assert_eq!(done["runner"], json!(cluster.runner_name("b")));
}

#[test]
fn a_runner_whose_folder_cannot_be_used_says_so_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    for (options, words) in [("size=64k", "No space left on device"), ("ro", "Read-only file system")] {
        let run_dir = folder.path().join(words);
        let _mount = Mount::new(&run_dir, options);
        let mut command = Command::new(binary("runner"));
        command.args(["start", "--name", "a", "--run-dir"]).arg(&run_dir);
        let ran = Ran::from(command.output().unwrap());
        assert!(ran.code > 0, "{ran:?}");
        assert!(ran.stderr.contains(words) && ran.stderr.contains("--run-dir"), "{ran:?}");
        assert!(ran.stderr.contains(run_dir.to_str().unwrap()), "{ran:?}");
    }
}
