//! Clients that submit one job after the other, each with a word of its own that its program has to write.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::dice::Dice;
use super::history::{Door, History, Told};
use crate::process::binary;
use crate::wait::pause;

/// How long an HTTP client waits for an answer before it asks somebody else.
const PATIENCE: Duration = Duration::from_secs(8);

/// How long a client keeps trying in all.
const PERSISTENCE: Duration = Duration::from_secs(90);

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// A client.
#[derive(Debug)]
pub struct Client {
    /// Its number.
    pub index: usize,
    /// How it submits.
    pub door: Door,
    /// Where controllers are for the cli, and their HTTP doors.
    pub tcp: Vec<String>,
    /// See `tcp`.
    pub http: Vec<String>,
    /// What it decides by.
    pub dice: Dice,
}

impl Client {
    /// Submits jobs until told to stop, and waits for each.
    pub fn work(mut self, folder: &Path, begin: Instant, stop: &AtomicBool) -> Vec<History> {
        let mut histories = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let nonce = format!("nonce-{}-{}", self.index, histories.len());
            let mut history = History::new(nonce, self.door, begin);
            // Long enough, now and then, for something to happen meanwhile.
            let seconds = *self.dice.one(&["0", "0", "0.1", "0.3", "1", "3"]);
            match self.door {
                Door::Http => self.over_http(seconds, &mut history),
                Door::Detach => self.left_alone(seconds, folder, &mut history),
                Door::Run | Door::File => self.with_input(seconds, folder, &mut history),
            }
            histories.push(history);
            pause(self.dice.time(0, 300));
        }
        histories
    }

    /// The word comes as standard input.
    fn with_input(&mut self, seconds: &str, folder: &Path, history: &mut History) {
        let file = write(folder, &history.nonce, "sh", &format!("sleep {seconds}\ncat\n"));
        let input = write(folder, &history.nonce, "txt", &history.nonce);
        let label = format!("nonce={}", history.nonce);
        let run = ["run", &file, "--label", &label];
        let (code, stdout, stderr) = match history.door {
            Door::File => self.cli(&[&run[..], &["--stdin", &input]].concat(), Stdio::null()),
            _ => self.cli(&run, File::open(&input).expect("it was written").into()),
        };
        history.end(judge(&history.nonce, code, &stdout, &stderr));
    }

    /// The job is left to the cluster, and watched from wherever.
    fn left_alone(&mut self, seconds: &str, folder: &Path, history: &mut History) {
        let nonce = &history.nonce;
        let file = write(folder, nonce, "sh", &format!("sleep {seconds}\necho {nonce}\n"));
        let label = format!("nonce={nonce}");
        let (code, stdout, stderr) = self.cli(&["run", &file, "--label", &label, "--detach"], Stdio::null());
        if code != 0 {
            return history.end(Told::Nothing(format!("it was not taken in: {code} {stderr}")));
        }
        let id = stdout.trim().to_owned();
        history.id = Some(id.clone());
        while history.begun().elapsed() < PERSISTENCE {
            let (code, stdout, stderr) = self.cli(&["watch", &id], Stdio::null());
            match judge(&history.nonce, code, &stdout, &stderr) {
                Told::Nothing(why) => history.note(why),
                told => return history.end(told),
            }
        }
        history.end(Told::Nothing("nobody could tell".to_owned()));
    }

    fn cli(&mut self, arguments: &[&str], stdin: Stdio) -> (i32, String, String) {
        // Each begins with another controller.
        self.tcp.rotate_left(1);
        let mut command = Command::new(binary("cli"));
        command.args(arguments).env("RUCHE_MASTER", self.tcp.join(",")).env("NO_COLOR", "1");
        let output = command.stdin(stdin).output().expect("the cli runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
    }

    fn over_http(&mut self, seconds: &str, history: &mut History) {
        let program = format!("sleep {seconds}\necho {}\n", history.nonce);
        let spec = json!({
            "language": "sh",
            "files": [{ "path": "main.sh", "content": program }],
            "labels": { "nonce": history.nonce },
            "idempotency_key": history.nonce,
        });
        let Some(job) = self.ask(history, |agent, base| agent.post(format!("{base}/jobs")).send_json(&spec))
        else {
            return;
        };
        let id = job["id"].as_str().unwrap_or_default().to_owned();
        history.id = Some(id.clone());
        loop {
            let url = |base: &str| format!("{base}/jobs/{id}?wait=5");
            let Some(job) = self.ask(history, |agent, base| agent.get(url(base)).call()) else { return };
            if job["state"] == "finished" {
                return history.end(told(&history.nonce, &job));
            }
            if history.begun().elapsed() > PERSISTENCE {
                return history.end(Told::Nothing(format!("it does not end: {job}")));
            }
        }
    }

    /// Asks one controller after the other until one answers.
    fn ask(
        &mut self,
        history: &mut History,
        ask: impl Fn(&ureq::Agent, &str) -> Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Option<Value> {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent: ureq::Agent = config.timeout_global(Some(PATIENCE)).build().into();
        while history.begun().elapsed() < PERSISTENCE {
            let answer = ask(&agent, &self.http[0]).and_then(|mut answer| {
                let body: Value = answer.body_mut().read_json()?;
                Ok((answer.status().as_u16(), body))
            });
            match answer {
                Ok((200 | 202, body)) => return Some(body),
                Ok((status, body)) => history.note(format!("{} says {status}: {body}", self.http[0])),
                Err(error) => history.note(format!("{}: {error}", self.http[0])),
            }
            self.http.rotate_left(1);
            pause(PAUSE);
        }
        history.end(Told::Nothing("nobody answered".to_owned()));
        None
    }
}

/// What a finished job tells.
fn told(nonce: &str, job: &Value) -> Told {
    let stdout = job["runs"][0]["stdout"].as_str().unwrap_or_default();
    match job["verdict"].as_str() {
        Some("ok") if stdout.trim_end() == nonce => Told::Right,
        Some("internal_error") => Told::Failed(job["message"].to_string()),
        _ => Told::Wrong(job.to_string()),
    }
}

/// What the cli's end tells. What it has shown until then has to be its own in any case.
fn judge(nonce: &str, code: i32, stdout: &str, stderr: &str) -> Told {
    let shown = stdout.trim_end();
    match code {
        0 if shown == nonce => Told::Right,
        126 if shown.is_empty() || shown == nonce => Told::Failed(stderr.trim().to_owned()),
        125 | 127 | 130 if shown.is_empty() || shown == nonce => {
            Told::Nothing(format!("{code}: {}", stderr.trim()))
        }
        _ => Told::Wrong(format!("{code}, {stdout:?}, {stderr:?}")),
    }
}

fn write(folder: &Path, nonce: &str, extension: &str, text: &str) -> String {
    let path = folder.join(format!("{nonce}.{extension}"));
    std::fs::write(&path, text).expect("a file can be written");
    path.to_str().expect("a plain path").to_owned()
}
