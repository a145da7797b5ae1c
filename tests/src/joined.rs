//! Clusters whose doors are encrypted, and the runners that join them.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::process::{Server, binary};
use crate::wait_until;
use crate::{Cluster, Ran};

impl Cluster {
    /// A controller that encrypts all its doors, without runners; the cli knows it.
    pub fn encrypted(flags: &[&str]) -> Self {
        let cluster = Self::with_flags(&[&["--tls", "always"], flags].concat());
        let ran = cluster.cli_says(&[
            "login",
            "--trust-only",
            "--ca-file",
            &cluster.authority().display().to_string(),
        ]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        cluster
    }

    /// The certificate of the cluster's authority.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("data/ca.pem")
    }

    /// The cli, to its end.
    pub fn cli_says(&self, arguments: &[&str]) -> Ran {
        self.cli(arguments).output().expect("the cli runs").into()
    }

    /// Where runners keep what they get when they join.
    pub fn state_dir(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// The token in the line that `cli runner token` prints.
    pub fn token(&self, arguments: &[&str]) -> String {
        let ran = self.cli_says(&[&["runner", "token"], arguments].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let words: Vec<&str> = ran.stdout.split_whitespace().collect();
        assert_eq!(words[..3], ["runner", "join", self.address("runners")], "{}", ran.stdout);
        words[3].to_owned()
    }

    /// `runner join` under this full name, to its end.
    pub fn join(&self, full_name: &str, token: &str) -> Ran {
        let mut command = Command::new(binary("runner"));
        command.args(["join", self.address("runners"), token, "--name", full_name, "--state-dir"]);
        command.arg(self.state_dir()).stdin(Stdio::null()).output().expect("the runner runs").into()
    }

    /// `runner start` under this full name, told nothing of the controller; what it logs goes to this file.
    pub fn start_joined(&self, full_name: &str, flags: &[&str], log: &str) -> Server {
        let mut command = Command::new(binary("runner"));
        command.args(["start", "--name", full_name, "--skip-selftest", "--state-dir"]).arg(self.state_dir());
        command.arg("--run-dir").arg(self.folder.path()).args(flags);
        let log = File::create(self.folder.path().join(log)).expect("a file can be made");
        Server::start(command.stderr(log))
    }

    /// A runner that joins, starts, and is there.
    pub fn add_joined(&mut self, name: &str, flags: &[&str]) {
        let name = self.runner_name(name);
        let ran = self.join(&name, &self.token(&[]));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let mut runner = self.start_joined(&name, flags, &format!("{name}.log"));
        runner.line("ready");
        self.runners.insert(name, runner);
    }

    /// Waits until a log has this in it, and returns the log.
    pub fn wait_for_log(&self, log: &str, text: &str) -> String {
        let path = self.folder.path().join(log);
        wait_until(&format!("{log} to say {text:?}"), || {
            let said = std::fs::read_to_string(&path).ok()?;
            said.contains(text).then_some(said)
        })
    }

    /// The runners that are connected, as the cli shows them.
    pub fn connected(&self) -> Vec<String> {
        let ran = self.cli_says(&["status", "--json"]);
        let status: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        let runners = status["runners"].as_array().expect("a list of runners");
        runners.iter().map(|runner| runner["name"].as_str().expect("it has a name").to_owned()).collect()
    }
}
