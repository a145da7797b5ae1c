//! Programs at a terminal, and signals to them.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use serde_json::{Value, json};
use tests::websocket::Socket;
use tests::{Cluster, http};

/// A program that talks over its job's WebSocket.
struct Talk {
    id: String,
    socket: Socket,
    text: String,
}

impl Talk {
    /// Submits a program whose input is typed, with a terminal or without.
    async fn start(cluster: &Cluster, language: &str, program: &str, terminal: bool) -> Self {
        let path = if language == "c" { "main.c" } else { "main.py" };
        let mut spec = json!({
            "language": language,
            "files": [{ "path": path, "content": program }],
            "limits": { "wall_seconds": 30 },
        });
        if terminal {
            spec["terminal"] = json!({ "rows": 24, "columns": 80 });
        }
        let accepted = http::post(&cluster.url("/jobs?stdin=stream"), &spec);
        assert_eq!(accepted.status, 202, "{}", accepted.body);
        let id = accepted.body["id"].as_str().unwrap().to_owned();
        let address = format!("ws://{}/api/v1/jobs/{id}/stream", cluster.address("http"));
        Self { id, socket: Socket::open(&address).await, text: String::new() }
    }

    /// Reads until this was written since the last time.
    async fn until(&mut self, wanted: &str) {
        while !self.text.contains(wanted) {
            match self.socket.next().await {
                Ok(said) => self.text.push_str(said["event"]["data"].as_str().unwrap_or_default()),
                Err(closed) => panic!("{:?}, and then {closed:?} in place of {wanted:?}", self.text),
            }
        }
        let end = self.text.find(wanted).unwrap() + wanted.len();
        self.text.drain(..end);
    }

    async fn type_in(&mut self, text: &str) {
        self.socket.type_in(text).await;
    }

    async fn say(&mut self, message: Value) {
        self.socket.say(&message).await;
    }

    async fn signal(&mut self, signal: &str) {
        self.say(json!({ "type": "signal", "signal": signal })).await;
    }

    /// Reads to the end; returns the job.
    async fn finish(self, cluster: &Cluster) -> Value {
        let (_, closed) = self.socket.rest().await;
        assert_eq!(closed.unwrap().0, 1000);
        cluster.look(&self.id)
    }
}

/// A prompt that nobody flushes.
const PROMPT: &str = r#"
#include <stdio.h>
int main(void) {
    char name[32];
    printf("Name? ");
    if (scanf("%31s", name) != 1) { printf("nobody\n"); return 3; }
    printf("Hello %s\n", name);
}
"#;

#[tokio::test]
async fn a_prompt_that_is_not_flushed_is_seen_at_a_terminal_and_not_without() {
    let cluster = Cluster::offering("c");
    let mut talk = Talk::start(&cluster, "c", PROMPT, true).await;
    talk.until("Name? ").await;
    talk.type_in("Ada\n").await;
    talk.until("Ada\r\nHello Ada\r\n").await;
    assert_eq!(talk.finish(&cluster).await["verdict"], "ok");

    let mut talk = Talk::start(&cluster, "c", PROMPT, false).await;
    // Its input is taken before anything is heard of it.
    talk.type_in("Ada\n").await;
    talk.until("Name? Hello Ada\n").await;
    assert_eq!(talk.finish(&cluster).await["verdict"], "ok");
}

const LOOK: &str = r#"
import os, sys, signal, termios
def size(*_):
    print("size", *os.get_terminal_size(0), flush=True)
signal.signal(signal.SIGWINCH, size)
print([os.isatty(fd) for fd in (0, 1, 2)], os.environ["TERM"], "COLUMNS" in os.environ)
print(os.getsid(0) == os.getpid(), os.tcgetpgrp(0) == os.getpid(), len(os.listdir("/proc/self/fd")))
print(open("/dev/tty", "w").isatty(), os.path.exists("/dev/ptmx"))
size()
while (line := sys.stdin.readline()): print(repr(line))
print("end")
"#;

#[tokio::test]
async fn a_terminal_is_one_in_every_respect_and_changes_its_size() {
    let cluster = Cluster::offering("python");
    let mut talk = Talk::start(&cluster, "python", LOOK, true).await;
    talk.until("[True, True, True] xterm-256color False\r\n").await;
    talk.until("True True 4\r\nTrue False\r\n").await;
    talk.until("size 80 24\r\n").await;
    talk.say(json!({ "type": "resize", "rows": 50, "columns": 132 })).await;
    talk.until("size 132 50\r\n").await;
    talk.type_in("a\u{7f}b\u{e9}\u{7f}c\n").await;
    talk.until("'bc\\n'\r\n").await;
    talk.say(json!({ "type": "stdin_end" })).await;
    talk.until("end\r\n").await;
    assert_eq!(talk.finish(&cluster).await["verdict"], "ok");
}

#[tokio::test]
async fn a_terminal_takes_input_that_came_with_the_job() {
    let cluster = Cluster::offering("python");
    for (input, expected) in [("ab", "'ab'\n"), ("ab\n", "'ab\\n'\n"), ("", "''\n")] {
        let mut spec =
            tests::cluster::job("python", "main.py", "import sys\nprint(repr(sys.stdin.read()))\n");
        spec["terminal"] = json!({ "rows": 24, "columns": 80 });
        spec["stdin"] = json!(input);
        let job = cluster.job(&spec);
        let written = job["runs"][0]["stdout"].as_str().unwrap().replace('\r', "");
        assert!(job["verdict"] == "ok" && written.ends_with(expected), "{input:?}: {job}");
    }
}

const COUNTING: &str = r#"
import os, signal, sys, time
def heard(number, _):
    # In one piece: the child writes as well.
    os.write(1, f"heard {signal.Signals(number).name}\n".encode())
for name in ("SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"):
    signal.signal(getattr(signal, name), heard)
child = os.fork()
if child == 0:
    signal.signal(signal.SIGUSR2, lambda *_: os._exit(7))
    while True: time.sleep(1)
print("ready", flush=True)
for line in sys.stdin:
    print("line", line.strip(), os.waitpid(child, 0)[1] >> 8, flush=True)
"#;

#[tokio::test]
async fn signals_reach_a_program_and_its_children_and_no_other() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--max-jobs", "2"]);
    for terminal in [false, true] {
        let mut talk = Talk::start(&cluster, "python", COUNTING, terminal).await;
        let mut other = Talk::start(&cluster, "python", COUNTING, terminal).await;
        talk.until("ready").await;
        other.until("ready").await;
        for signal in ["INT", "TERM", "QUIT", "HUP", "USR1", "USR2"] {
            talk.signal(signal).await;
            talk.until(&format!("heard SIG{signal}")).await;
        }
        talk.type_in("x\n").await;
        talk.until("line x 7").await;
        other.say(json!({ "type": "stdin_end" })).await;
        let job = other.finish(&cluster).await;
        assert!(job["verdict"] == "ok" && !job.to_string().contains("SIGUSR"), "{job}");
        talk.say(json!({ "type": "stdin_end" })).await;
        assert_eq!(talk.finish(&cluster).await["verdict"], "ok");
    }
}

#[tokio::test]
async fn ctrl_c_interrupts_what_stands_in_the_foreground() {
    let cluster = Cluster::offering("python");
    let program = "import time\nprint('ready')\ntime.sleep(60)\n";
    let mut talk = Talk::start(&cluster, "python", program, true).await;
    talk.until("ready").await;
    talk.type_in("\u{3}").await;
    talk.until("^C").await;
    let job = talk.finish(&cluster).await;
    assert_eq!((&job["verdict"], &job["runs"][0]["signal"]), (&json!("runtime_error"), &json!(2)), "{job}");
}

/// What each of these must not do, and what is seen of it.
const HOSTILE: [(&str, &str); 5] = [
    (
        "import fcntl, termios\nfor call in (0x5412, 0x541C, 0x5423):\n  try: fcntl.ioctl(0, call, b'x\\0\\0\\0')\n  \
         except OSError as error: print(hex(call), error.errno)\nprint('done')\n",
        "0x5412 1\r\n0x541c 1\r\n0x5423 1\r\ndone\r\n",
    ),
    ("import os, time\nif os.fork() == 0:\n  os.setsid()\n  time.sleep(60)\nprint('done')\n", "done\r\n"),
    (
        "import signal, os, time\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\nif os.fork() == 0: time.sleep(60)\nprint('done')\n",
        "done\r\n",
    ),
    (
        "import os, time\nos.close(0); os.close(1); os.close(2)\ntime.sleep(0.2)\n\
         os.write(os.open('/dev/tty', os.O_RDWR), b'done\\n')\n",
        "done\r\n",
    ),
    (
        "import termios, sys\nt = termios.tcgetattr(0)\nt[0] = t[1] = t[2] = t[3] = 0\ntermios.tcsetattr(0, termios.TCSANOW, t)\n\
         sys.stdout.write('done\\n')\n",
        "done\n",
    ),
];

#[tokio::test]
async fn hostile_programs_at_a_terminal_leave_nothing_behind() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python", "--max-jobs", "1"]);
    for (program, expected) in HOSTILE {
        let mut talk = Talk::start(&cluster, "python", program, true).await;
        talk.until(expected).await;
        let job = talk.finish(&cluster).await;
        assert_eq!(job["verdict"], "ok", "{program}: {job}");
        // The next one finds nothing but its own.
        let probe = "import os\nprint(len(os.listdir('/proc/self/fd')), os.path.exists('/dev/pts/0'))\n";
        let job = cluster.job(&tests::cluster::job("python", "main.py", probe));
        assert_eq!(job["runs"][0]["stdout"], "4 False\n", "{job}");
    }
}

#[tokio::test]
async fn a_program_that_reads_nothing_from_its_terminal_can_be_stopped() {
    let cluster = Cluster::offering("python");
    let program = "import time\nprint('ready')\ntime.sleep(60)\n";
    let mut talk = Talk::start(&cluster, "python", program, true).await;
    talk.until("ready").await;
    for _ in 0..40 {
        talk.type_in(&"x".repeat(10_000)).await;
    }
    talk.signal("TERM").await;
    let job = talk.finish(&cluster).await;
    assert_eq!(job["runs"][0]["signal"], 15, "{job}");
}

#[tokio::test]
async fn much_passes_through_a_terminal_both_ways() {
    let cluster = Cluster::offering("python");
    let program = "import sys, tty\ntty.setraw(0)\nprint('ready', end='', flush=True)\n\
                   n = 0\nwhile n < 1000000: n += len(sys.stdin.buffer.read1(65536))\n\
                   sys.stdout.write('y' * 1000000 + 'end')\n";
    let mut talk = Talk::start(&cluster, "python", program, true).await;
    talk.until("ready").await;
    for _ in 0..20 {
        talk.type_in(&"x".repeat(50_000)).await;
    }
    talk.until(&format!("{}end", "y".repeat(1_000_000))).await;
    assert_eq!(talk.finish(&cluster).await["verdict"], "ok");
}
