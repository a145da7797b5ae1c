//! Clients, runners, containers and Docker go away in the middle of things, and nothing is lost.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tests::cluster::{job, left_behind};
use tests::docker::{self, DockerPath};
use tests::{Cluster, wait_until};

const ENDLESS: &str = "import time\nprint('up', flush=True)\ntime.sleep(60)\n";

/// By when a program has surely begun.
const HEAD_START: Duration = Duration::from_secs(1);

fn endless() -> Value {
    let mut spec = job("python", "main.py", ENDLESS);
    spec["limits"] = json!({ "wall_seconds": 60 });
    spec
}

/// Waits for the only job of a cluster to run, and returns its id.
fn running_job(cluster: &Cluster) -> String {
    let id = wait_until("a job", || cluster.job_ids().pop());
    cluster.wait_for(&id, "running");
    id
}

fn signal(child: &std::process::Child, signal: Signal) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id().cast_signed()), signal).unwrap();
}

#[test]
fn a_client_that_disappears_takes_its_job_with_it() {
    let cluster = Cluster::offering("python");
    let file = cluster.file("main.py", ENDLESS);
    let mut client = cluster.start_run(&file, &["--wall", "60s"]);
    let id = running_job(&cluster);
    client.kill().unwrap();
    client.wait().unwrap();
    assert_eq!(cluster.wait_for(&id, "finished")["verdict"], "cancelled");
}

#[test]
fn a_job_submitted_to_stay_stays() {
    let cluster = Cluster::offering("python");
    let file = cluster.file("main.py", "print('stayed')\n");
    let ran = cluster.run(&file, &["--detach"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let id = ran.stdout.trim();
    assert_eq!(cluster.wait_for(id, "finished")["runs"][0]["stdout"], "stayed\n");
}

#[test]
fn ctrl_c_cancels_the_job() {
    let cluster = Cluster::offering("python");
    let file = cluster.file("main.py", ENDLESS);
    let client = cluster.start_run(&file, &["--wall", "60s"]);
    let id = running_job(&cluster);
    signal(&client, Signal::SIGINT);
    let ended = client.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    assert_eq!(cluster.wait_for(&id, "finished")["verdict"], "cancelled");
}

#[test]
fn a_job_whose_runner_dies_is_tried_on_another() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--max-jobs", "1"]);
    let id = cluster.submit(&job("python", "main.py", "import time\ntime.sleep(2)\nprint('once')"));
    cluster.wait_for(&id, "running");
    let dead = cluster.runner_name("a");
    cluster.take_runner("a").kill();
    cluster.add_runner("b", &["--language", "python"]);
    let done = cluster.wait_for(&id, "finished");
    assert_eq!((&done["verdict"], &done["attempts"]), (&json!("ok"), &json!(2)), "{done}");
    assert_eq!(done["runs"][0]["stdout"], "once\n");
    assert_eq!(done["runner"], json!(cluster.runner_name("b")));

    // What the dead one left is taken away by its next life.
    assert!(!docker::containers(&dead).is_empty());
    let mut next = cluster.start_runner(&dead, &["--language", "python"]);
    next.line("ready");
    assert!(next.stop().success());
    assert_eq!(left_behind(&dead, cluster.folder.path()), Vec::<String>::new());
}

#[test]
fn a_job_whose_container_is_killed_is_tried_again() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--max-jobs", "1"]);
    let id = cluster.submit(&job("python", "main.py", "import time\ntime.sleep(1)\nprint('again')"));
    cluster.wait_for(&id, "running");
    for container in docker::containers(&cluster.runner_name("a")) {
        docker::kill(&container);
    }
    let done = cluster.wait_for(&id, "finished");
    assert_eq!((&done["verdict"], &done["attempts"]), (&json!("ok"), &json!(2)), "{done}");
}

#[test]
fn a_job_that_is_lost_again_and_again_ends_and_says_so() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--max-jobs", "1"]);
    let id = cluster.submit(&endless());
    let mut since = (Value::Null, Instant::now());
    let job = wait_until("three attempts to be lost", || {
        let job = cluster.look(&id);
        if job["attempts"] != since.0 {
            since = (job["attempts"].clone(), Instant::now());
        }
        // A sandbox is taken, or started, a moment after the job is said to run; and one that is killed before it
        // is taken costs no attempt.
        if job["state"] == "running" && since.1.elapsed() > HEAD_START {
            since.1 = Instant::now();
            docker::containers(&cluster.runner_name("a"))
                .iter()
                .for_each(|container| docker::kill(container));
        }
        (job["state"] == "finished").then_some(job)
    });
    assert_eq!(job["verdict"], "internal_error");
    assert!(job["message"].as_str().unwrap().contains("3 times"), "{job}");
}

#[test]
fn a_controller_whose_jobs_go_with_it_answers_those_who_wait_when_told_to_stop() {
    let mut cluster = Cluster::with_flags(&["--store", "memory"]);
    let file = cluster.file("main.py", "print(1)\n");
    let client = cluster.start_run(&file, &[]);
    wait_until("the job to be queued", || cluster.job_ids().pop());
    assert!(cluster.controller().stop().success());
    let ended = client.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("shut down"), "{said}");
}

#[test]
fn a_runner_that_is_told_to_stop_finishes_what_it_runs() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python"]);
    let id = cluster.submit(&job("python", "main.py", "import time\ntime.sleep(2)\nprint('finished')"));
    // What has not reached the runner goes to another.
    wait_until("the runner to run it", || {
        cluster.runner_info("a").filter(|info| info["telemetry"]["active_jobs"] == 1)
    });
    assert!(cluster.runner("a").stop().success());
    let done = cluster.look(&id);
    assert_eq!((&done["verdict"], &done["attempts"]), (&json!("ok"), &json!(1)), "{done}");
}

#[test]
fn a_runner_outlives_its_controller_and_finds_the_next() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python"]);
    let id = cluster.submit(&endless());
    cluster.wait_for(&id, "running");
    let addresses = ["clients", "runners", "http"].map(|door| cluster.address(door).to_owned());
    cluster.controller().kill();
    let flags = ["--clients", &addresses[0], "--runners", &addresses[1], "--http", &addresses[2]];
    cluster.replace_controller(&flags);
    wait_until("the runner to come back", || cluster.runner_info("a"));
    assert_eq!(cluster.job(&job("python", "main.py", "print('new')"))["runs"][0]["stdout"], "new\n");
}

#[test]
fn a_runner_without_docker_says_so_and_recovers() {
    let mut cluster = Cluster::empty();
    let path = DockerPath::new(cluster.folder.path());
    cluster.add_runner("a", &["--language", "python", "--docker", &path.address()]);
    assert_eq!(cluster.job(&job("python", "main.py", "print(1)"))["verdict"], "ok");
    path.cut();
    let info = wait_until("the runner to miss Docker", || {
        cluster.runner_info("a").filter(|info| info["state"] == "unavailable")
    });
    assert!(info["reason"].as_str().unwrap().contains("Docker"), "{info}");
    let waiting = cluster.submit(&job("python", "main.py", "print('back')"));
    path.mend();
    assert_eq!(cluster.wait_for(&waiting, "finished")["runs"][0]["stdout"], "back\n");
}

#[test]
fn a_controller_that_is_told_to_stop_lets_jobs_finish() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python"]);
    let file =
        cluster.file("main.py", "import time\nprint('begin', flush=True)\ntime.sleep(2)\nprint('end')\n");
    let client = cluster.start_run(&file, &[]);
    running_job(&cluster);
    assert!(cluster.controller().stop().success());
    let ended = client.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "begin\nend\n");
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
}
