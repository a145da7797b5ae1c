//! A job's WebSocket: what is told and typed over it, by whom, and how it ends.

use std::time::{Duration, Instant};

use protocol::event::OutputStream;
use protocol::runner::FromRunner;
use protocol::{JobId, Verdict};
use serde_json::{Value, json};
use tests::websocket::{Closed, Socket};

use crate::support::{Controller, Given, Runner, Someone, soon};

/// How long a job's input is waited for while nobody is there to write it.
const AWAY: Duration = Duration::from_secs(10);

fn job() -> Value {
    json!({ "language": "c", "files": [{ "path": "main.c", "content": "" }] })
}

/// Submits a job whose input is streamed.
async fn submit(someone: &Someone) -> String {
    let accepted = someone.post("/jobs?stdin=stream", &job()).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    accepted.json()["id"].as_str().unwrap().to_owned()
}

impl Someone {
    async fn try_socket(
        &self,
        id: &str,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Socket, u16> {
        let url = format!("ws://{}/api/v1/jobs/{id}/stream{query}", self.http.0);
        let token = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let shown = token.as_deref().map(|token| ("authorization", token));
        let headers: Vec<_> = shown.into_iter().chain(headers.iter().copied()).collect();
        Socket::open_with(&url, &headers).await
    }

    async fn socket(&self, id: &str, query: &str) -> Socket {
        self.try_socket(id, query, &[]).await.unwrap()
    }
}

/// The next piece of input.
async fn piece(runner: &mut Runner) -> String {
    let frame = runner.peer.next().await.unwrap();
    String::from_utf8(frame.payload.to_vec()).unwrap()
}

fn output(said: &[Value]) -> String {
    let outputs = said.iter().filter(|said| said["event"]["type"] == "output");
    outputs.map(|said| said["event"]["data"].as_str().unwrap()).collect()
}

fn numbers(said: &[Value]) -> Vec<u64> {
    said.iter().filter_map(|said| said["number"].as_u64()).collect()
}

fn assert_refused(closed: Closed, reason: &str) {
    let (code, said) = closed.expect("it says why");
    assert!(code == 1008 && said.contains(reason), "{code} {said}");
}

async fn end(runner: &mut Runner, job: &Given) {
    runner.finish(job, Verdict::Ok).await;
}

#[tokio::test]
async fn a_program_asks_and_is_answered() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let id = submit(&controller.anonymous()).await;
    let mut socket = controller.anonymous().socket(&id, "").await;
    assert_eq!(socket.next().await.unwrap(), json!({ "stdin": 0 }), "where the input stands is said first");
    let job = runner.given().await;
    assert!(job.assignment.stdin_follows);
    runner.write(&job, "Name? ").await;
    socket.until("the prompt", |said| said["event"]["data"] == "Name? ").await;
    socket.type_in("Ada\n").await;
    assert_eq!(piece(&mut runner).await, "Ada\n");
    socket.taken(4).await;
    socket.say(&json!({ "type": "stdin", "base64": "AAEC" })).await;
    assert_eq!(piece(&mut runner).await, "\0\u{1}\u{2}");
    socket.taken(7).await;
    socket.say(&json!({ "type": "stdin_end" })).await;
    let said = socket.next().await.unwrap();
    assert_eq!(said, json!({ "stdin": 7, "ended": true }));
    assert_eq!(runner.stdin(&job).await, b"");
    end(&mut runner, &job).await;
    let (said, closed) = socket.rest().await;
    assert_eq!(said.last().unwrap()["event"]["job"]["verdict"], "ok");
    assert_eq!(closed.unwrap().0, 1000);
}

#[tokio::test]
async fn a_line_that_breaks_costs_neither_output_nor_input() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let me = controller.anonymous();
    let id = submit(&me).await;
    let mut socket = me.socket(&id, "").await;
    let job = runner.given().await;
    runner.write(&job, "one ").await;
    let seen = socket.until("the first output", |said| said["event"]["type"] == "output").await;
    socket.type_in("first ").await;
    socket.taken(6).await;
    drop(socket);

    runner.output(&job, OutputStream::Stdout, b"two ").await;
    let seen = seen["number"].as_u64().unwrap();
    let mut socket = me.socket(&id, &format!("?after={seen}")).await;
    assert_eq!(socket.next().await.unwrap(), json!({ "stdin": 6 }), "the client goes on from there");
    socket.type_in("second").await;
    socket.say(&json!({ "type": "stdin_end" })).await;
    assert_eq!(runner.stdin(&job).await, b"first second");
    end(&mut runner, &job).await;
    let (said, _) = socket.rest().await;
    assert_eq!(output(&said), "two ");
    assert_eq!(numbers(&said), (seen + 1..=seen + numbers(&said).len() as u64).collect::<Vec<_>>());

    let (all, closed) = me.socket(&id, "").await.rest().await;
    assert_eq!((output(&all).as_str(), closed.unwrap().0), ("one two ", 1000), "as often as one asks");
}

#[tokio::test]
async fn two_connections_do_not_mix_what_they_write() {
    let controller = Controller::start().await;
    let me = controller.anonymous();
    let id = submit(&me).await;
    let (mut former, mut latter) = (me.socket(&id, "").await, me.socket(&id, "").await);
    latter.taken(0).await;
    former.type_in("abc").await;
    former.taken(3).await;
    latter.type_in("abc").await;
    assert_refused(latter.rest().await.1, "has 3 bytes now");
    me.socket(&id, "").await.taken(3).await;
}

#[tokio::test]
async fn what_is_no_message_ends_the_socket_with_a_reason_and_not_the_job() {
    let controller = Controller::start().await;
    let me = controller.anonymous();
    let id = submit(&me).await;
    let large = json!({ "type": "stdin", "data": "x".repeat(100_000) }).to_string();
    for (message, reason) in [
        ("hello", "expected value"),
        ("{}", "missing field `type`"),
        (r#"{"type":"stdout","data":"x"}"#, "unknown variant `stdout`"),
        (r#"{"type":"stdin","base64":"*"}"#, "base64"),
        (large.as_str(), "at most 65536 bytes"),
    ] {
        let mut socket = me.socket(&id, "").await;
        socket.say_text(message).await;
        assert_refused(socket.rest().await.1, reason);
    }
    let mut socket = me.socket(&id, "").await;
    socket.say_bytes(b"x").await;
    assert_refused(socket.rest().await.1, "text");
    let job = me.get(&format!("/jobs/{id}")).await.json();
    assert_eq!(job["state"], "queued");
    me.socket(&id, "").await.taken(0).await;
}

#[tokio::test]
async fn whoever_may_only_look_writes_and_stops_nothing() {
    let controller = Controller::start().await;
    let admin = controller.first_admin().await;
    let ada = controller.add_user(&admin, "ada", "user").await;
    let bob = controller.add_user(&admin, "bob", "user").await;
    let reader = ada.with_token(&json!({ "scopes": ["read"] })).await;
    let id = submit(&ada).await;
    assert_eq!(bob.try_socket(&id, "", &[]).await.err(), Some(404), "what is not theirs is not there");
    for (someone, why) in [(&reader, "scope submit"), (&admin, "only whoever submitted this job")] {
        let mut socket = someone.socket(&id, "").await;
        socket.until("an event", |said| said["number"] == 1).await;
        socket.type_in("x").await;
        assert_refused(socket.rest().await.1, why);
    }
    let mut socket = reader.socket(&id, "").await;
    socket.say(&json!({ "type": "cancel" })).await;
    assert_refused(socket.rest().await.1, "scope cancel");
    ada.socket(&id, "").await.taken(0).await;
}

#[tokio::test]
async fn who_has_logged_out_writes_nothing_more() {
    let controller = Controller::start().await;
    let admin = controller.first_admin().await;
    let ada = controller.add_user(&admin, "ada", "user").await;
    let id = submit(&ada).await;
    let mut socket = ada.socket(&id, "").await;
    socket.type_in("x").await;
    socket.taken(1).await;
    assert_eq!(ada.call("DELETE", "/session", None).await.status, 204);
    socket.type_in("y").await;
    assert_eq!(socket.rest().await.1.unwrap().0, 1008);
}

#[tokio::test]
async fn no_page_elsewhere_opens_a_socket() {
    let controller = Controller::start().await;
    let admin = controller.first_admin().await;
    let id = submit(&admin).await;
    let cookie = format!("ruche_session={}", admin.token.unwrap());
    let own = format!("http://{}", controller.http);
    let nobody = controller.anonymous();
    let open = async |headers: &[(&'static str, &str)]| nobody.try_socket(&id, "", headers).await.err();
    assert_eq!(open(&[("cookie", &cookie), ("origin", &own)]).await, None);
    assert_eq!(open(&[("cookie", &cookie), ("origin", "http://evil.example")]).await, Some(403));
    assert_eq!(open(&[("cookie", &cookie), ("origin", "null")]).await, Some(403));
    assert_eq!(open(&[("cookie", &cookie)]).await, Some(403), "nothing says that it comes from here");
    let theirs = submit(&nobody).await;
    let open = async |headers: &[(&'static str, &str)]| nobody.try_socket(&theirs, "", headers).await.err();
    assert_eq!(open(&[("origin", "http://evil.example")]).await, Some(403), "not without a cookie either");
    assert_eq!(open(&[]).await, None, "programs say nothing");
}

#[tokio::test]
async fn a_job_is_stopped_over_its_socket() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let id = submit(&controller.anonymous()).await;
    let mut socket = controller.anonymous().socket(&id, "").await;
    let job = runner.given().await;
    socket.say(&json!({ "type": "cancel" })).await;
    runner.cancelled(&job).await;
    runner.tell(&job, FromRunner::Finished { verdict: Verdict::Cancelled, message: None }).await;
    let (said, closed) = socket.rest().await;
    assert_eq!(said.last().unwrap()["event"]["job"]["verdict"], "cancelled");
    assert_eq!(closed.unwrap().0, 1000);
}

#[tokio::test]
async fn input_ends_where_nobody_comes_to_write_it() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 2).await;
    let me = controller.anonymous();
    let begin = Instant::now();
    let never = submit(&me).await;
    let left = submit(&me).await;
    let jobs = [runner.given().await, runner.given().await];
    let job = |id: &str| jobs.iter().find(|job| job.assignment.job.to_string() == id).unwrap();
    let mut socket = me.socket(&left, "").await;
    assert_eq!(runner.stdin(job(&never)).await, b"");
    assert!(begin.elapsed() >= AWAY, "it is waited for");

    socket.type_in("still here").await;
    socket.taken(10).await;
    let gone = Instant::now();
    drop(socket);
    assert_eq!(runner.stdin(job(&left)).await, b"still here");
    assert!(gone.elapsed() >= AWAY, "it might have come back");
    let mut late = me.socket(&left, "").await;
    assert_eq!(late.next().await.unwrap(), json!({ "stdin": 10, "ended": true }));
}

#[tokio::test]
async fn too_much_input_ends_the_job_and_says_so() {
    let controller = Controller::start_with(|config| config.max_stdin = 5).await;
    let id = submit(&controller.anonymous()).await;
    let mut socket = controller.anonymous().socket(&id, "").await;
    socket.type_in("123456").await;
    let (said, _) = socket.rest().await;
    let job = &said.last().unwrap()["event"]["job"];
    assert_eq!(job["verdict"], "cancelled");
    assert!(job["message"].as_str().unwrap().contains("maximum of 5 bytes"), "{job}");
}

#[tokio::test]
async fn a_flood_of_input_arrives_whole() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let id = submit(&controller.anonymous()).await;
    let mut socket = controller.anonymous().socket(&id, "").await;
    let job = runner.given().await;
    // Fewer bytes than a runner takes before it gives credit, and more than may be unacknowledged.
    let data = "0123456789".repeat(4_000);
    for _ in 0..5 {
        socket.type_in(&data).await;
    }
    socket.say(&json!({ "type": "stdin_end" })).await;
    assert_eq!(runner.stdin(&job).await, data.repeat(5).as_bytes());
    socket.taken(5 * data.len()).await;
}

#[tokio::test]
async fn another_controllers_job_is_watched_and_not_written_to() {
    let [here, there] = Controller::several().await;
    let id = submit(&here.anonymous()).await;
    let mut socket = there.anonymous().socket(&id, "").await;
    socket.type_in("x").await;
    assert_refused(socket.rest().await.1, "submitted to another controller");

    let mut runner = here.runner("a", 1).await;
    let watching = there.anonymous().socket(&id, "").await;
    runner.run_next("hello").await;
    let (said, closed) = watching.rest().await;
    assert_eq!((output(&said).as_str(), closed.unwrap().0), ("hello", 1000));
}

#[tokio::test]
async fn a_job_whose_input_came_with_it_takes_none() {
    let controller = Controller::start().await;
    let me = controller.anonymous();
    let id = me.post("/jobs", &job()).await.json()["id"].as_str().unwrap().to_owned();
    let mut socket = me.socket(&id, "").await;
    assert_eq!(socket.next().await.unwrap()["number"], 1, "nothing is said about input");
    socket.type_in("x").await;
    assert_refused(socket.rest().await.1, "without stdin=stream");
}

#[tokio::test]
async fn a_controller_that_stops_says_so() {
    let controller = Controller::start_with(|config| config.drain = Duration::from_millis(10)).await;
    let me = controller.anonymous();
    let ended = submit(&me).await;
    let watching = me.socket(&ended, "").await;
    controller.shutdown.drain.cancel();
    let (said, closed) = watching.rest().await;
    assert_eq!(said.last().unwrap()["event"]["type"], "finished", "those who wait are answered");
    assert_eq!(closed.unwrap().0, 1000);
    soon("it ends", controller.ended()).await;

    let folder = tempfile::tempdir().unwrap();
    let controller = Controller::start_with(|config| {
        config.store = controller::config::StoreKind::Sqlite(folder.path().join("ruche.db"));
    })
    .await;
    let me = controller.anonymous();
    let kept = submit(&me).await;
    let watching = me.socket(&kept, "").await;
    controller.shutdown.drain.cancel();
    let (_, closed) = watching.rest().await;
    let (code, reason) = closed.unwrap();
    assert!(code == 1001 && reason.contains("the controller stops"), "{code} {reason}");
    soon("it does not wait for sockets", controller.ended()).await;
}

#[tokio::test]
async fn a_socket_keeps_its_connections_place() {
    let controller = Controller::start_with(|config| config.doors.clients.connections_per_address = 2).await;
    let me = controller.anonymous();
    let id = submit(&me).await;
    let freed = async || {
        while me.get(&format!("/jobs/{id}")).await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    soon("there is room", freed()).await;
    let inside = [me.socket(&id, "").await, me.socket(&id, "").await];
    assert_eq!(me.get(&format!("/jobs/{id}")).await.status, 503);
    drop(inside);
    soon("there is room again", freed()).await;
}

#[tokio::test]
async fn what_is_no_socket_or_no_such_job_is_a_problem() {
    let controller = Controller::start().await;
    let me = controller.anonymous();
    let id = submit(&me).await;
    for (path, status) in [
        (format!("/jobs/{id}/stream"), 426),
        (format!("/jobs/{id}/stream?after=x"), 400),
        (format!("/jobs/{id}/stream?before=1"), 400),
        (format!("/jobs/{}/stream", JobId::random()), 404),
    ] {
        let reply = me.get(&path).await;
        assert_eq!(reply.status, status, "{path}: {reply:?}");
        reply.problem();
    }
    assert_eq!(me.try_socket(&JobId::random().to_string(), "", &[]).await.err(), Some(404));

    let given = json!({ "language": "c", "files": [{ "path": "main.c", "content": "" }], "stdin": "x" });
    for (path, spec, field) in [
        ("/jobs?stdin=file", &job(), "query"),
        ("/jobs?stdin=stream&wait=1", &job(), "wait"),
        ("/jobs?stdin=stream", &given, "stdin"),
    ] {
        let refused = me.post(path, spec).await;
        assert_eq!((refused.status, refused.problem()["field"].as_str()), (400, Some(field)), "{path}");
    }
}
