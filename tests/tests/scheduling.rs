//! Many jobs, several runners: every answer reaches its client, load is shared, and a full cluster says so.

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};
use tests::cluster::job;
use tests::{Cluster, http, wait_until};

/// A program that ends when its job is cancelled.
const ENDLESS: &str = "import time\nprint('up', flush=True)\ntime.sleep(60)\n";

fn endless() -> Value {
    let mut spec = job("python", "main.py", ENDLESS);
    spec["limits"] = json!({ "wall_seconds": 60 });
    spec
}

fn cancel(cluster: &Cluster, id: &str) {
    let answer = http::post(&cluster.url(&format!("/jobs/{id}/cancel")), &json!({}));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(cluster.wait_for(id, "finished")["verdict"], "cancelled");
}

#[test]
fn fifty_jobs_from_ten_clients_each_get_their_own_answer() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python"]);
    cluster.add_runner("b", &["--language", "python"]);
    let echo = cluster.file("echo.py", "import sys\nprint(sys.argv[1], sys.stdin.read(), end='')\n");
    thread::scope(|scope| {
        for client in 0..10 {
            let (cluster, echo) = (&cluster, &echo);
            scope.spawn(move || {
                for job in 0..5 {
                    let nonce = format!("{client}/{job}/{}", tests::nonce());
                    let ran = cluster.run_with_stdin(echo, &["--", &nonce], Some(nonce.as_bytes()));
                    assert_eq!((ran.code, ran.stdout), (0, format!("{nonce} {nonce}")), "{}", ran.stderr);
                }
            });
        }
    });
    let jobs = http::get(&cluster.url("/jobs?limit=100")).body;
    let jobs = jobs["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), 50);
    assert!(jobs.iter().all(|job| job["verdict"] == "ok" && job["attempts"] == 1));
    let runners: BTreeSet<&str> = jobs.iter().map(|job| job["runner"].as_str().unwrap()).collect();
    assert_eq!(runners.len(), 2, "both runners had some");
}

#[test]
fn when_one_runner_is_full_the_other_takes_the_next() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--max-jobs", "1"]);
    cluster.add_runner("b", &["--language", "python", "--max-jobs", "1"]);
    let (first, second) = (cluster.submit(&endless()), cluster.submit(&endless()));
    let first_runner = cluster.wait_for(&first, "running")["runner"].clone();
    let second_runner = cluster.wait_for(&second, "running")["runner"].clone();
    assert_ne!(first_runner, second_runner);
    cancel(&cluster, &first);
    cancel(&cluster, &second);
}

#[test]
fn a_full_cluster_makes_jobs_wait_or_refuses_them_at_once() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--max-jobs", "1"]);
    let busy = cluster.submit(&endless());
    cluster.wait_for(&busy, "running");

    let mut hurried = job("python", "main.py", "print(1)");
    hurried["no_wait"] = json!(true);
    let refused = http::post(&cluster.url("/jobs"), &hurried);
    assert_eq!((refused.status, &refused.body["kind"]), (503, &json!("no_runner_free")));
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains(&cluster.runner_name("a")), "it names the runner: {detail}");
    let file = cluster.file("main.py", "print(1)");
    let ran = cluster.run(&file, &["--no-wait"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (125, ""), "{}", ran.stderr);

    let waiting = cluster.submit(&job("python", "main.py", "print('my turn')"));
    let job = cluster.look(&waiting);
    assert_eq!((&job["state"], &job["position"]), (&json!("queued"), &json!(0)));
    cancel(&cluster, &busy);
    assert_eq!(cluster.wait_for(&waiting, "finished")["runs"][0]["stdout"], "my turn\n");
}

#[test]
fn without_a_runner_jobs_wait_for_one() {
    let mut cluster = Cluster::empty();
    let waiting = cluster.submit(&job("python", "main.py", "print('at last')"));
    assert_eq!(cluster.look(&waiting)["state"], "queued");
    cluster.add_runner("a", &["--language", "python"]);
    assert_eq!(cluster.wait_for(&waiting, "finished")["runs"][0]["stdout"], "at last\n");
}

#[test]
fn a_runner_whose_host_is_over_its_threshold_takes_nothing_and_says_why() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--max-memory-percent", "0.1"]);
    let info = wait_until("the runner to say that it is unavailable", || {
        // At first it has just connected and said nothing yet.
        let info = cluster.runner_info("a")?;
        (info["state"] == "unavailable" && info["telemetry"].is_object()).then_some(info)
    });
    let reason = info["reason"].as_str().unwrap();
    assert!(reason.starts_with("memory ") && reason.contains("over max_memory_percent"), "{reason}");

    let mut hurried = job("python", "main.py", "print(1)");
    hurried["no_wait"] = json!(true);
    let refused = http::post(&cluster.url("/jobs"), &hurried);
    assert!(
        refused.body["detail"].as_str().unwrap().contains(reason.split(" %").next().unwrap()),
        "{}",
        refused.body
    );
    let waiting = cluster.submit(&job("python", "main.py", "print(1)"));
    cluster.add_runner("b", &["--language", "python"]);
    let done = cluster.wait_for(&waiting, "finished");
    assert_eq!(done["runner"], json!(cluster.runner_name("b")));
}

#[test]
fn runners_report_their_host_and_what_they_run() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--max-jobs", "2"]);
    let running = cluster.submit(&endless());
    cluster.wait_for(&running, "running");
    let telemetry = wait_until("the job to show in the telemetry", || {
        let telemetry = cluster.runner_info("a")?["telemetry"].clone();
        (telemetry["active_jobs"] == 1).then_some(telemetry)
    });
    assert!(telemetry["active_containers"].as_u64().unwrap() >= 1, "{telemetry}");
    assert!(telemetry["memory_percent"].as_f64().unwrap() > 0.0, "{telemetry}");
    assert!(telemetry["warm"]["python"].is_u64(), "{telemetry}");

    let status = cluster.cli(&["status"]).output().unwrap();
    let table = String::from_utf8(status.stdout).unwrap();
    assert!(table.contains(&cluster.runner_name("a")) && table.contains("python"), "{table}");
    let json = cluster.cli(&["status", "--json"]).output().unwrap().stdout;
    assert!(serde_json::from_slice::<Value>(&json).is_ok());
    let languages = String::from_utf8(cluster.cli(&["languages"]).output().unwrap().stdout).unwrap();
    assert!(languages.contains("Python 3"), "{languages}");
    let stopped = cluster.cli(&["cancel", &running]).output().unwrap();
    assert!(stopped.status.success());
    assert_eq!(cluster.wait_for(&running, "finished")["verdict"], "cancelled");
    let jobs = String::from_utf8(cluster.cli(&["jobs"]).output().unwrap().stdout).unwrap();
    assert!(jobs.contains(&running[..8]) && jobs.contains("cancelled"), "{jobs}");
}
