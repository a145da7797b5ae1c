//! Programs that come as archives over HTTP.

use serde_json::{Value, json};

use crate::support::{Controller, Reply};

const BYTES: &str = "content-type: application/octet-stream\r\n";
const FORM: &str = "content-type: multipart/form-data; boundary=XX\r\n";
const NO_PAGE: &str = "x-ruche: 1\r\n";

/// A tar of these: each a name, its kind as the format has it, and its content.
fn tar(entries: &[(&str, char, &str)]) -> String {
    let mut archive = String::new();
    for (name, kind, content) in entries {
        let head = |sum: &str| {
            format!(
                "{name:\0<100}0000644\0{:016}{:011o}\0{:012}{sum:8}{kind}{:\0<100}ustar\0{:02}{:\0<247}",
                0,
                content.len(),
                0,
                "target",
                0,
                ""
            )
        };
        let sum = head("").bytes().map(u32::from).sum::<u32>();
        archive.push_str(&head(&format!("{sum:06o}\0 ")));
        archive.push_str(content);
        archive.push_str(&"\0".repeat(content.len().next_multiple_of(512) - content.len()));
    }
    archive + &"\0".repeat(1024)
}

fn program() -> String {
    tar(&[("game/main.py", '0', "print(1)"), ("game/lib/x.py", '0', "x = 1")])
}

/// A form with these parts.
fn form(parts: &[(&str, &str)]) -> String {
    let part = |(name, content): &(&str, &str)| {
        format!(
            "--XX\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"f\"\r\n\r\n{content}\r\n"
        )
    };
    parts.iter().map(part).collect::<String>() + "--XX--\r\n"
}

fn assert_refused(reply: &Reply, status: u16, field: &str, words: &str) {
    let problem = reply.problem();
    assert_eq!((reply.status, problem["field"].as_str()), (status, Some(field)), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
}

#[tokio::test]
async fn what_is_in_an_archive_can_be_looked_at() {
    let controller = Controller::start_with(|config| config.max_body = 20_000).await;
    let http = controller.http();
    let look = async |kind: &str, archive: &str| http.send("POST", "/api/v1/archives", kind, archive).await;
    for kind in [BYTES, "content-type: application/x-tar\r\n"] {
        let reply = look(kind, &program()).await;
        let files =
            json!([{ "path": "lib/x.py", "content": "x = 1" }, { "path": "main.py", "content": "print(1)" }]);
        assert_eq!((reply.status, reply.json()), (200, json!({ "files": files })));
    }
    for (name, kind, words) in [
        ("evil", '2', "\"evil\" in the archive is a link"),
        ("evil", '1', "\"evil\" in the archive is a link"),
        ("evil", '3', "\"evil\" in the archive is neither a file nor a folder"),
        ("../evil", '0', "\"../evil\" in the archive cannot be"),
        ("/evil", '0', "\"/evil\" in the archive cannot be"),
        ("main.py", '0', "\"main.py\" in the archive is there twice"),
    ] {
        let archive = tar(&[("main.py", '0', "1"), (name, kind, "")]);
        assert_refused(&look(BYTES, &archive).await, 400, "archive", words);
    }
    let large = tar(&[("a", '0', &"x".repeat(19_000)), ("b", '0', &"x".repeat(1001))]);
    assert_refused(&look(BYTES, &large).await, 413, "archive", "\"b\" in the archive does not fit");
    assert_refused(&look(BYTES, "print(1)").await, 400, "archive", "neither a zip nor a tar");
    assert_eq!(look(BYTES, &"x".repeat(50_000)).await.status, 413);
    for kind in ["content-type: application/json\r\n", "content-type: text/plain\r\n", FORM, ""] {
        assert_refused(&look(kind, &program()).await, 415, "content-type", "application/");
    }
}

#[tokio::test]
async fn a_job_comes_with_an_archive_of_its_files() {
    let controller = Controller::start().await;
    let _runner = controller.runner("a", 1).await;
    let http = controller.http();
    let submit = async |headers: &str, parts: &[(&str, &str)]| {
        http.send("POST", "/api/v1/jobs", &format!("{FORM}{headers}"), &form(parts)).await
    };
    let spec =
        json!({ "language": "c", "main": "main.py", "files": [{ "path": "own.txt", "content": "1" }] });
    let (spec, program) = (spec.to_string(), program());

    for headers in [NO_PAGE, "origin: http://localhost\r\n"] {
        let reply = submit(headers, &[("spec", &spec), ("archive", &program)]).await;
        assert_eq!(reply.status, 202, "{reply:?}");
        let id = reply.json()["id"].as_str().unwrap().to_owned();
        let job = http.get(&format!("/api/v1/jobs/{id}/spec")).await.json();
        let files: Vec<&Value> = job["files"].as_array().unwrap().iter().map(|file| &file["path"]).collect();
        assert_eq!(files, ["own.txt", "lib/x.py", "main.py"]);
        assert_eq!(job["files"][2]["content"], "print(1)");
    }

    let good = [("spec", spec.as_str()), ("archive", program.as_str())];
    let link = tar(&[("x", '2', "")]);
    let twice = tar(&[("own.txt", '0', "2"), ("main.py", '0', "")]);
    for (parts, field, words) in [
        (vec![good[0]], "archive", "missing"),
        (vec![good[1]], "spec", "missing"),
        (vec![good[0], good[0], good[1]], "spec", "twice"),
        (vec![good[0], good[1], ("program", "x")], "program", "no other"),
        (vec![good[0], ("archive", link.as_str())], "archive", "\"x\" in the archive is a link"),
        (vec![good[0], ("archive", twice.as_str())], "files[2].path", "own.txt"),
        (vec![("spec", r#"{"limts":{}}"#), good[1]], "limts", "limts"),
    ] {
        assert_refused(&submit(NO_PAGE, &parts).await, 400, field, words);
    }
    let cut = form(&good);
    let reply = http.send("POST", "/api/v1/jobs", &format!("{FORM}{NO_PAGE}"), &cut[..cut.len() / 2]).await;
    assert_eq!((reply.status, reply.problem()["kind"].as_str()), (400, Some("invalid")));
    let unbounded = format!("content-type: multipart/form-data\r\n{NO_PAGE}");
    assert_eq!(http.send("POST", "/api/v1/jobs", &unbounded, &cut).await.problem()["field"], "content-type");

    let nobody_vouches = submit("", &good).await;
    assert_eq!(nobody_vouches.status, 403, "a form elsewhere could say the same");
    assert!(nobody_vouches.problem()["detail"].as_str().unwrap().contains("X-Ruche: 1"));
    assert_eq!(submit("origin: http://evil.example\r\n", &good).await.status, 403);
}

#[tokio::test]
async fn files_of_a_job_and_of_its_archive_are_counted_together() {
    let controller = Controller::start_with(|config| config.max_body = 5000).await;
    let _runner = controller.runner("a", 1).await;
    let file = |size| json!({ "path": "a", "content": "x".repeat(size) });
    let submit = async |own: usize, packed: usize| {
        let spec = json!({ "language": "c", "files": [file(own)] }).to_string();
        let body = form(&[("spec", &spec), ("archive", &tar(&[("main.c", '0', &"x".repeat(packed))]))]);
        controller.http().send("POST", "/api/v1/jobs", &format!("{FORM}{NO_PAGE}"), &body).await
    };
    assert_eq!(submit(3000, 2000).await.status, 202);
    assert_refused(&submit(3000, 2001).await, 413, "archive", "does not fit");
}
