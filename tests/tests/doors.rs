//! The doors themselves: events that can be taken up again, and strangers who speak something else.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::{Value, json};
use tests::cluster::job;
use tests::{Cluster, http};

/// The numbers, names and data of server-sent events.
fn events(text: &str) -> Vec<(u64, String, Value)> {
    let field = |event: &str, name: &str| {
        event.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    let event = |event: &str| {
        let data = serde_json::from_str(&field(event, "data:")?).ok()?;
        Some((field(event, "id:")?.parse().ok()?, field(event, "event:")?, data))
    };
    text.split("\n\n").filter_map(event).collect()
}

#[test]
fn events_have_numbers_and_can_be_taken_up_again() {
    let cluster = Cluster::offering("c");
    let id =
        cluster.submit(&job("c", "main.c", "#include <stdio.h>\nint main(void) { puts(\"hi\"); return 3; }"));
    let url = cluster.url(&format!("/jobs/{id}/events"));
    let all = events(&http::read(&url, &[]));
    let numbers: Vec<u64> = all.iter().map(|(number, _, _)| *number).collect();
    assert_eq!(numbers, (1..=all.len() as u64).collect::<Vec<_>>(), "no gaps");
    let names: Vec<&str> = all.iter().map(|(_, name, _)| name.as_str()).collect();
    let expected = [
        "queued",
        "started",
        "step_started",
        "step_finished",
        "step_started",
        "output",
        "step_finished",
        "finished",
    ];
    assert_eq!(names, expected);
    assert_eq!(all[5].2, json!({ "type": "output", "step": 1, "stream": "stdout", "data": "hi\n" }));
    assert_eq!(all[7].2["job"]["verdict"], "runtime_error");

    let rest = events(&http::read(&url, &[("Last-Event-ID", "5")]));
    assert_eq!(rest, all[5..]);
    let end = events(&http::read(&url, &[("Last-Event-ID", "1000")]));
    assert_eq!(end, all[7..], "every stream ends with the last event");
}

#[test]
fn a_job_that_is_over_can_still_be_watched() {
    let cluster = Cluster::offering("python");
    let file =
        cluster.file("main.py", "import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(4)\n");
    let detached = cluster.run(&file, &["--detach"]);
    let id = detached.stdout.trim();
    cluster.wait_for(id, "finished");
    let watched = cluster.cli(&["watch", id]).output().unwrap();
    assert_eq!(watched.status.code(), Some(4));
    assert_eq!(String::from_utf8_lossy(&watched.stdout), "out\n");
    assert!(String::from_utf8_lossy(&watched.stderr).contains("err\n"));
}

#[test]
fn strangers_are_sent_away_and_nobody_else_notices() {
    let cluster = Cluster::offering("python");
    for door in ["clients", "runners"] {
        for garbage in [
            &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
            b"\xff\xff\xff\xff",
            b"\0\0\0\0",
            b"\0\0\0\x05\x63\0\0\0\0",
            b"\0\0\0\x07\x01\0\0\0\0{}",
            b"\0\0\0\x13\x01\0\0\0\0{\"protocol\":9}",
        ] {
            let mut stranger = TcpStream::connect(cluster.address(door)).unwrap();
            stranger.write_all(garbage).unwrap();
            let mut answer = Vec::new();
            // It may be reset, too: what counts is that it ends.
            let _ = stranger.read_to_end(&mut answer);
            let said = String::from_utf8_lossy(&answer);
            assert!(said.is_empty() || said.contains("refused") || said.contains("protocol"), "{said}");
        }
        let mut halfway = TcpStream::connect(cluster.address(door)).unwrap();
        halfway.write_all(b"\0\0\0\x13\x01").unwrap();
        halfway.shutdown(Shutdown::Write).unwrap();
    }
    assert_eq!(cluster.job(&job("python", "main.py", "print('fine')"))["runs"][0]["stdout"], "fine\n");
}

#[test]
fn the_api_describes_itself() {
    let cluster = Cluster::empty();
    let root = format!("http://{}", cluster.address("http"));
    let description = http::get(&format!("{root}/openapi.json")).body;
    assert!(description["paths"]["/api/v1/jobs"]["post"].is_object(), "{description}");
    assert!(description["components"]["schemas"]["JobSpec"].is_object());
    assert_eq!(http::get(&format!("{root}/healthz")).status, 200);
    assert_eq!(http::get(&format!("{root}/readyz")).status, 200);
    let overview = http::get(&cluster.url("/cluster")).body;
    assert_eq!((&overview["runners"], &overview["queued"]), (&json!(0), &json!(0)));
}
