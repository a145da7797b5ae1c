//! Links between runners and controllers break, and runners leave, while programs run.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use std::io::{self, BufRead, BufReader, Read};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;
use tests::cluster::left_behind;
use tests::process::{Server, binary};
use tests::{Cluster, wait_until};

const TWO_LINES: &str = "import time\nprint('one', flush=True)\ntime.sleep(4)\nprint('two', flush=True)\n";

/// Stands between a runner and its controller, and can break what goes through.
struct Cable {
    address: String,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Cable {
    fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (target, open) = (target.to_owned(), Arc::new(Mutex::new(Vec::new())));
        let streams = Arc::clone(&open);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(&target) else { continue };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    streams.lock().unwrap().push(from.try_clone().unwrap());
                    thread::spawn(move || {
                        let _ = io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
            }
        });
        Self { address, open }
    }

    /// Breaks all connections; new ones are let through.
    fn cut(&self) {
        let mut open = self.open.lock().unwrap();
        assert!(!open.is_empty(), "nothing goes through");
        open.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }
}

/// A runner whose link goes through a cable.
fn runner(cluster: &Cluster, name: &str, cable: &Cable) -> Server {
    let mut command = Command::new(binary("runner"));
    command.args(["start", "--name", name, "--language", "python", "--controller", &cable.address]);
    let mut runner = Server::start(command.arg("--run-dir").arg(cluster.folder.path()));
    runner.line("ready");
    runner
}

#[test]
fn a_program_goes_on_when_the_link_is_cut_and_is_seen_to_its_end_once() {
    let cluster = Cluster::empty();
    let cable = Cable::to(cluster.address("runners"));
    let name = cluster.runner_name("a");
    let mut runner = runner(&cluster, &name, &cable);
    let file = cluster.file("main.py", TWO_LINES);
    let mut client = cluster.start_run(&file, &[]);
    let mut stdout = BufReader::new(client.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "one\n");
    cable.cut();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "two\n");
    assert!(client.wait().unwrap().success());
    let id = cluster.job_ids().pop().unwrap();
    let done = cluster.look(&id);
    assert_eq!((&done["attempts"], &done["runs"][0]["stdout"]), (&json!(1), &json!("one\ntwo\n")), "{done}");
    assert!(runner.stop().success());
    assert_eq!(left_behind(&name, cluster.folder.path()), Vec::<String>::new());
}

#[test]
fn a_runner_that_is_told_to_stop_while_its_link_is_cut_delivers_first() {
    let cluster = Cluster::empty();
    let cable = Cable::to(cluster.address("runners"));
    let name = cluster.runner_name("a");
    let mut runner = runner(&cluster, &name, &cable);
    let id = cluster.submit(&tests::cluster::job("python", "main.py", TWO_LINES));
    // What has not reached the runner cannot be held by it.
    wait_until("the runner to run it", || {
        cluster.runner_info("a").filter(|info| info["telemetry"]["active_jobs"] == 1)
    });
    cable.cut();
    assert!(runner.stop().success());
    let done = cluster.look(&id);
    assert_eq!((&done["verdict"], &done["attempts"]), (&json!("ok"), &json!(1)), "{done}");
}

#[test]
fn a_runner_that_is_drained_finishes_what_it_runs_and_leaves() {
    let mut cluster = Cluster::empty();
    cluster.add_runner("a", &["--language", "python"]);
    let id = cluster.submit(&tests::cluster::job("python", "main.py", TWO_LINES));
    cluster.wait_for(&id, "running");
    let name = cluster.runner_name("a");
    let unknown = cluster.cli(&["runner", "drain", "nobody"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains(&name), "{unknown:?}");
    assert!(cluster.cli(&["runner", "drain", &name]).status().unwrap().success());
    wait_until("the runner to say that it leaves", || {
        cluster.runner_info("a").filter(|info| info["state"] == "draining")
    });
    assert!(cluster.runner("a").wait().success());
    let done = cluster.look(&id);
    assert_eq!((&done["verdict"], &done["attempts"]), (&json!("ok"), &json!(1)), "{done}");
}
