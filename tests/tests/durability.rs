//! A controller that ends, in whatever way, and is started again on the same data.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use std::process::Command;

use serde_json::json;
use tests::cluster::job;
use tests::process::binary;
use tests::{Cluster, Postgres, http};

const ANY: [&str; 6] = ["--clients", "127.0.0.1:0", "--runners", "127.0.0.1:0", "--http", "127.0.0.1:0"];

#[test]
fn what_was_accepted_outlives_a_kill() {
    let mut cluster = Cluster::empty();
    let mut ids: Vec<String> =
        (0..20).map(|index| cluster.submit(&job("c", "main.c", &format!("// {index}")))).collect();
    let mut keyed = job("c", "main.c", "// keyed");
    keyed["idempotency_key"] = json!("once");
    ids.push(cluster.submit(&keyed));
    cluster.controller().kill();
    cluster.replace_controller(&ANY);

    assert_eq!(http::get(&cluster.url("/cluster")).body["queued"], 21);
    ids.reverse();
    let page = http::get(&cluster.url("/jobs?limit=100")).body;
    let listed: Vec<&str> =
        page["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
    assert_eq!(listed, ids);
    let again = http::post(&cluster.url("/jobs"), &keyed);
    assert_eq!((again.status, again.body["id"].as_str()), (202, Some(ids[0].as_str())), "{}", again.body);
    assert_eq!(http::get(&cluster.url("/cluster")).body["queued"], 21, "the key makes one job");
    let cancelled = http::post(&cluster.url(&format!("/jobs/{}/cancel", ids[0])), &json!({}));
    assert_eq!(cancelled.body["verdict"], "cancelled");
}

#[test]
fn a_controller_that_is_told_to_stop_leaves_its_queue_behind() {
    let mut cluster = Cluster::empty();
    let id = cluster.submit(&job("c", "main.c", ""));
    assert!(cluster.controller().stop().success());
    cluster.replace_controller(&ANY);
    assert_eq!(cluster.look(&id)["state"], "queued");
}

#[test]
fn whoever_waits_for_a_job_hears_that_it_is_still_queued() {
    let mut cluster = Cluster::empty();
    let id = cluster.submit(&job("c", "main.c", ""));
    let url = cluster.url(&format!("/jobs/{id}?wait=60"));
    let waiting = std::thread::spawn(move || http::get(&url));
    // It waits once the request is there; a later one would be refused.
    tests::wait_until("the request to be under way", || {
        let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
        let port: u16 = cluster.address("http").rsplit(':').next()?.parse().ok()?;
        let local = format!("0100007F:{port:04X}");
        let connected = |line: &str| line.split_whitespace().nth(1) == Some(&local) && line.contains(" 01 ");
        sockets.lines().any(connected).then_some(())
    });
    cluster.controller().stop();
    assert_eq!(waiting.join().unwrap().body["state"], "queued");
    cluster.replace_controller(&ANY);
}

#[test]
fn a_job_that_runs_while_its_controller_is_killed_is_delivered_to_the_next() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python"]);
    let program = "import time\nfor i in range(5):\n    print(i, flush=True)\n    time.sleep(0.4)\n";
    let id = cluster.submit(&job("python", "main.py", program));
    tests::wait_until("the runner to run it", || {
        cluster.runner_info("a").filter(|info| info["telemetry"]["active_jobs"] == 1)
    });
    let runners = cluster.address("runners").to_owned();
    cluster.controller().kill();
    cluster.replace_controller(&["--clients", "127.0.0.1:0", "--http", "127.0.0.1:0", "--runners", &runners]);
    let done = cluster.wait_for(&id, "finished");
    assert_eq!((&done["verdict"], &done["attempts"]), (&json!("ok"), &json!(1)), "{done}");
    assert_eq!(done["runs"][0]["stdout"], "0\n1\n2\n3\n4\n");
}

#[test]
fn a_backup_taken_while_the_controller_runs_can_be_restored() {
    let mut cluster = Cluster::empty();
    let id = cluster.submit(&job("c", "main.c", "// kept"));
    let database = cluster.folder.path().join("data/ruche.db");
    let copy = cluster.folder.path().join("backup.db");
    let backup = "import sqlite3, sys\nsqlite3.connect(sys.argv[1]).execute('VACUUM INTO ?', [sys.argv[2]])";
    let mut python = Command::new("python3");
    assert!(python.args(["-c", backup]).arg(&database).arg(&copy).status().unwrap().success());
    let later = cluster.submit(&job("c", "main.c", "// after the backup"));

    assert!(cluster.controller().stop().success());
    for beside in ["ruche.db-wal", "ruche.db-shm"] {
        let _ = std::fs::remove_file(database.with_file_name(beside));
    }
    std::fs::copy(&copy, &database).unwrap();
    cluster.replace_controller(&ANY);
    assert_eq!(cluster.look(&id)["state"], "queued");
    assert_eq!(http::get(&cluster.url(&format!("/jobs/{later}"))).status, 404);
}

#[test]
fn a_dump_of_postgresql_can_be_restored() {
    let server = Postgres::shared();
    let (first, second) = (server.database(), server.database());
    let mut cluster = Cluster::with_flags(&["--store", &server.url(&first)]);
    let id = cluster.submit(&job("c", "main.c", "// kept"));
    server.copy(&first, &second);
    assert!(cluster.controller().stop().success());
    cluster.replace_controller(&[&ANY[..], &["--store", &server.url(&second)]].concat());
    assert_eq!(cluster.look(&id)["state"], "queued");
    let cancelled = http::post(&cluster.url(&format!("/jobs/{id}/cancel")), &json!({}));
    assert_eq!(cancelled.body["verdict"], "cancelled");
}

#[test]
fn one_data_folder_is_for_one_controller() {
    let cluster = Cluster::empty();
    let data = cluster.folder.path().join("data");
    let second = Command::new(binary("controller")).args(ANY).arg("--data-dir").arg(data).output().unwrap();
    let error = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success());
    assert!(error.contains("ruche.db: another controller has it open"), "{error}");
    assert_eq!(error.trim().lines().count(), 1, "{error}");
}

#[test]
fn a_queue_in_postgresql_goes_to_the_next_controller() {
    let server = Postgres::shared();
    let url = server.url(&server.database());
    let mut cluster = Cluster::with_flags(&["--store", &url]);
    let id = cluster.submit(&job("c", "main.c", ""));
    cluster.controller().kill();
    cluster.replace_controller(&[&ANY[..], &["--store", &url]].concat());
    assert_eq!(cluster.look(&id)["state"], "queued");
    let cancelled = http::post(&cluster.url(&format!("/jobs/{id}/cancel")), &json!({}));
    assert_eq!(cancelled.body["verdict"], "cancelled");
}
