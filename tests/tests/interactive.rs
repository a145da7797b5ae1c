//! A program and a person talk with each other, over a job's WebSocket.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use serde_json::{Value, json};
use tests::websocket::Socket;
use tests::{Cluster, cluster, http};

/// Submits a Python program whose input is typed while it runs; returns the job's id.
fn start(cluster: &Cluster, program: &str) -> String {
    let limits = json!({ "wall_seconds": 30 });
    let spec = cluster::job_with_limits("python", "main.py", program, limits);
    let accepted = http::post(&cluster.url("/jobs?stdin=stream"), &spec);
    assert_eq!(accepted.status, 202, "{}", accepted.body);
    accepted.body["id"].as_str().unwrap().to_owned()
}

async fn socket(cluster: &Cluster, id: &str, after: u64) -> Socket {
    Socket::open(&format!("ws://{}/api/v1/jobs/{id}/stream?after={after}", cluster.address("http"))).await
}

/// What the program has written, and the number of the last event that was seen.
#[derive(Default)]
struct Screen {
    text: String,
    seen: u64,
}

impl Screen {
    /// Reads until this stands at the end.
    async fn until(&mut self, socket: &mut Socket, end: &str) {
        while !self.text.ends_with(end) {
            match socket.next().await {
                Ok(said) => self.show(&said),
                Err(closed) => panic!("{:?}, and then {closed:?} in place of {end:?}", self.text),
            }
        }
    }

    /// Reads to the end; returns the job.
    async fn finish(&mut self, socket: Socket) -> Value {
        let (said, closed) = socket.rest().await;
        said.iter().for_each(|said| self.show(said));
        assert_eq!(closed.unwrap().0, 1000);
        said.last().unwrap()["event"]["job"].clone()
    }

    fn show(&mut self, said: &Value) {
        let Some(number) = said["number"].as_u64() else { return };
        assert_eq!(number, self.seen + 1, "events have no gaps, and none comes twice: {said}");
        self.seen = number;
        self.text.push_str(said["event"]["data"].as_str().unwrap_or_default());
    }
}

const GREETER: &str = r#"
import sys
name = input("Name? ")
print("Hello", name)
left = sys.stdin.read()
print(len(left), "more")
"#;

#[tokio::test]
async fn a_prompt_is_seen_before_it_is_answered() {
    let cluster = Cluster::offering("python");
    let id = start(&cluster, GREETER);
    let mut socket = socket(&cluster, &id, 0).await;
    let mut screen = Screen::default();
    // The program waits for its answer: it has none before the prompt is here.
    screen.until(&mut socket, "Name? ").await;
    socket.type_in("Ada\n").await;
    screen.until(&mut socket, "Hello Ada\n").await;
    socket.type_in("12345").await;
    socket.say(&json!({ "type": "stdin_end" })).await;
    let job = screen.finish(socket).await;
    assert_eq!(screen.text, "Name? Hello Ada\n5 more\n");
    assert_eq!(job["verdict"], "ok", "{job}");
    assert_eq!(cluster.look(&id)["runs"][0]["stdout"], screen.text.as_str());
}

const ECHO: &str = r#"
import sys
sys.stdout.write("> ")
sys.stdout.flush()
for line in sys.stdin:
    sys.stdout.write(line.upper() + "> ")
    sys.stdout.flush()
"#;

#[tokio::test]
async fn a_socket_that_is_dropped_and_comes_back_misses_nothing_and_repeats_nothing() {
    let cluster = Cluster::offering("python");
    let id = start(&cluster, ECHO);
    let mut screen = Screen::default();
    let mut written = 0;
    for word in ["one\n", "two\n", "three\n", "four\n"] {
        let mut socket = socket(&cluster, &id, screen.seen).await;
        socket.taken(written).await;
        screen.until(&mut socket, "> ").await;
        socket.type_in(word).await;
        written += word.len();
        socket.taken(written).await;
        // Whatever was answered meanwhile comes over the next one.
        drop(socket);
        screen.text.push('|');
    }
    let mut socket = socket(&cluster, &id, screen.seen).await;
    screen.until(&mut socket, "> ").await;
    socket.say(&json!({ "type": "stdin_end" })).await;
    let job = screen.finish(socket).await;
    assert_eq!(job["verdict"], "ok", "{job}");
    let text = screen.text.replace('|', "");
    assert_eq!(text, "> ONE\n> TWO\n> THREE\n> FOUR\n> ");
    assert_eq!(cluster.look(&id)["runs"][0]["stdout"], text.as_str());
}

#[tokio::test]
async fn a_program_that_waits_for_ever_is_stopped() {
    let cluster = Cluster::offering("python");
    let id = start(&cluster, "input('> ')\n");
    let mut socket = socket(&cluster, &id, 0).await;
    let mut screen = Screen::default();
    screen.until(&mut socket, "> ").await;
    socket.say(&json!({ "type": "cancel" })).await;
    let job = screen.finish(socket).await;
    assert_eq!(job["verdict"], "cancelled", "{job}");
}

#[tokio::test]
async fn a_program_whose_person_has_gone_reads_the_end_of_its_input() {
    let cluster = Cluster::offering("python");
    let id = start(&cluster, "import sys\nprint(repr(sys.stdin.read()))\n");
    let mut socket = socket(&cluster, &id, 0).await;
    socket.type_in("half").await;
    socket.taken(4).await;
    drop(socket);
    let job = cluster.wait_for(&id, "finished");
    assert_eq!((&job["verdict"], &job["runs"][0]["stdout"]), (&json!("ok"), &json!("'half'\n")), "{job}");
}
