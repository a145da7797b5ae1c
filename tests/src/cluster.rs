//! A controller and its runners.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Server, binary};
use crate::{docker, http, nonce, wait_until};

/// A cluster of its own.
#[derive(Debug)]
pub struct Cluster {
    /// A folder that goes with the cluster.
    pub folder: TempDir,
    controller: Server,
    addresses: BTreeMap<String, String>,
    pub(crate) runners: BTreeMap<String, Server>,
    /// Makes the runners' names unique on this host.
    suffix: String,
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Cluster {
    /// A controller without runners.
    pub fn empty() -> Self {
        Self::with_flags(&[])
    }

    /// A controller with these flags, without runners.
    pub fn with_flags(flags: &[&str]) -> Self {
        let any = "127.0.0.1:0";
        let doors = ["--clients", any, "--runners", any, "--http", any];
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let data = folder.path().join("data");
        let (controller, addresses) = start_controller(&data, &[&doors, flags].concat());
        Self { folder, controller, addresses, runners: BTreeMap::new(), suffix: nonce() }
    }

    /// A controller and a runner that offers these languages.
    pub fn offering(languages: &str) -> Self {
        let mut cluster = Self::empty();
        cluster.add_runner("a", &["--language", languages]);
        cluster
    }

    /// Starts a runner with these flags and waits until it has joined.
    pub fn add_runner(&mut self, name: &str, flags: &[&str]) {
        let name = self.runner_name(name);
        let mut runner = self.start_runner(&name, flags);
        runner.line("ready");
        self.runners.insert(name, runner);
    }

    /// Starts a runner without waiting for anything.
    pub fn start_runner(&self, full_name: &str, flags: &[&str]) -> Server {
        let mut command = Command::new(binary("runner"));
        command.args(["start", "--name", full_name, "--controller", self.address("runners"), "--run-dir"]);
        command.arg(self.folder.path()).args(flags);
        Server::start(&mut command)
    }

    /// A runner's name on this host.
    pub fn runner_name(&self, name: &str) -> String {
        format!("{name}-{}", self.suffix)
    }

    /// A runner's process.
    pub fn runner(&mut self, name: &str) -> &mut Server {
        let name = self.runner_name(name);
        self.runners.get_mut(&name).expect("the runner was added")
    }

    /// Takes a runner out, stopped or not; its leftovers are the test's business.
    pub fn take_runner(&mut self, name: &str) -> Server {
        let name = self.runner_name(name);
        self.runners.remove(&name).expect("the runner was added")
    }

    /// The controller's process.
    pub fn controller(&mut self) -> &mut Server {
        &mut self.controller
    }

    /// A runner's process id.
    pub fn runner_pid(&self, name: &str) -> String {
        self.runners[&self.runner_name(name)].pid().to_string()
    }

    /// The controller's process id.
    pub fn controller_pid(&self) -> String {
        self.controller.pid().to_string()
    }

    /// Starts another controller, with the same data, in place of one that has ended.
    pub fn replace_controller(&mut self, flags: &[&str]) {
        (self.controller, self.addresses) = start_controller(&self.folder.path().join("data"), flags);
    }

    /// Where a door is: `clients`, `runners` or `http`.
    pub fn address(&self, door: &str) -> &str {
        &self.addresses[door]
    }

    /// A URL of the API.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/api/v1{path}", self.address("http"))
    }

    /// Writes a file for the cli to send.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join("files").join(name);
        std::fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("a folder can be made");
        std::fs::write(&path, text).expect("a file can be written");
        path
    }

    /// The cli, told where the controller is.
    pub fn cli(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary("cli"));
        command.args(arguments).env("RUCHE_MASTER", self.address("clients")).env("NO_COLOR", "1");
        command.env("XDG_CONFIG_HOME", self.folder.path().join("config"));
        command.stdin(Stdio::null());
        command
    }

    /// `cli run FILE` with these further arguments, to its end.
    pub fn run(&self, file: &Path, arguments: &[&str]) -> Ran {
        self.run_with_stdin(file, arguments, None)
    }

    /// The same, with this standard input.
    pub fn run_with_stdin(&self, file: &Path, arguments: &[&str], stdin: Option<&[u8]>) -> Ran {
        let mut command = self.cli(&["run"]);
        command.arg(file).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let Some(stdin) = stdin else { return command.output().expect("the cli runs").into() };
        let mut child = command.stdin(Stdio::piped()).spawn().expect("the cli runs");
        let mut pipe = child.stdin.take().expect("stdin is a pipe");
        std::thread::scope(|scope| {
            // Beside reading: either side may be slower than a pipe is large.
            scope.spawn(move || {
                // A program may end without reading it all.
                let _ = pipe.write_all(stdin);
            });
            child.wait_with_output().expect("the cli runs").into()
        })
    }

    /// `cli run FILE`, started.
    pub fn start_run(&self, file: &Path, arguments: &[&str]) -> Child {
        let mut command = self.cli(&["run"]);
        command.arg(file).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the cli runs")
    }

    /// Submits a job over HTTP and waits for its end.
    pub fn job(&self, spec: &Value) -> Value {
        let answer = http::post(&self.url("/jobs?wait=60"), spec);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// Submits a job over HTTP; returns its id.
    pub fn submit(&self, spec: &Value) -> String {
        let answer = http::post(&self.url("/jobs"), spec);
        assert!(matches!(answer.status, 200 | 202), "{}", answer.body);
        answer.body["id"].as_str().expect("a job has an id").to_owned()
    }

    /// A job as it stands.
    pub fn look(&self, id: &str) -> Value {
        http::get(&self.url(&format!("/jobs/{id}"))).body
    }

    /// Waits until a job has this state, and returns it.
    pub fn wait_for(&self, id: &str, state: &str) -> Value {
        wait_until(&format!("job {id} to be {state}"), || {
            let job = self.look(id);
            (job["state"] == state).then_some(job)
        })
    }

    /// The ids of all jobs, newest first.
    pub fn job_ids(&self) -> Vec<String> {
        let page = http::get(&self.url("/jobs")).body;
        let jobs = page["jobs"].as_array().expect("a list of jobs");
        jobs.iter().map(|job| job["id"].as_str().expect("a job has an id").to_owned()).collect()
    }

    /// How many runners the controller has.
    pub fn runner_count(&self) -> usize {
        http::get(&self.url("/runners")).body.as_array().map_or(0, Vec::len)
    }

    /// A runner as the controller sees it, once it does.
    pub fn runner_info(&self, name: &str) -> Option<Value> {
        let name = self.runner_name(name);
        let runners = http::get(&self.url("/runners")).body;
        runners.as_array()?.iter().find(|runner| runner["name"] == name.as_str()).cloned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let failed = std::thread::panicking();
        let mut complaints = Vec::new();
        for (name, runner) in &mut self.runners {
            let status = if failed { continue } else { runner.stop() };
            if !status.success() {
                complaints.push(format!("runner {name} ended with {status}"));
            }
            complaints.extend(left_behind(name, self.folder.path()));
        }
        if !failed {
            let status = self.controller.stop();
            if !status.success() {
                complaints.push(format!("the controller ended with {status}"));
            }
            assert!(complaints.is_empty(), "left behind: {complaints:#?}");
        }
    }
}

fn start_controller(data: &Path, flags: &[&str]) -> (Server, BTreeMap<String, String>) {
    let mut command = Command::new(binary("controller"));
    command.args(flags).env("RUCHE_CONTROLLER_DATA_DIR", data);
    let mut controller = Server::start(&mut command);
    let line = controller.line("listening");
    let pairs = line.split_whitespace().filter_map(|pair| pair.split_once('='));
    let addresses = pairs.map(|(door, address)| (door.to_owned(), address.to_owned())).collect();
    (controller, addresses)
}

/// What a runner that has stopped should have taken away.
pub fn left_behind(name: &str, run_dir: &Path) -> Vec<String> {
    let containers = docker::containers(name).into_iter().map(|id| format!("container {id} of {name}"));
    let hierarchies = ["memory", "pids", "cpu", "cpuacct", "cpu,cpuacct", "."];
    let groups = hierarchies
        .iter()
        .map(|hierarchy| Path::new("/sys/fs/cgroup").join(hierarchy).join("ruche").join(name));
    let folders = groups.chain([run_dir.join(name)]).filter(|folder| folder.exists());
    containers.chain(folders.map(|folder| format!("folder {}", folder.display()))).collect()
}

/// A job of one file.
pub fn job(language: &str, path: &str, content: &str) -> Value {
    json!({ "language": language, "files": [{ "path": path, "content": content }] })
}

/// The same, with these limits.
pub fn job_with_limits(language: &str, path: &str, content: &str, limits: Value) -> Value {
    let mut spec = job(language, path, content);
    spec["limits"] = limits;
    spec
}
