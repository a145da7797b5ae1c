//! The processes under test.

use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::controller::PATIENCE;

/// How a process ended.
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A process with pipes on all sides.
pub struct Running {
    child: Child,
    pub stdin: Option<ChildStdin>,
    pub stdout: Option<BufReader<ChildStdout>>,
    pub stderr: Option<BufReader<ChildStderr>>,
    folder: TempDir,
}

/// Starts the cli in a folder with a file `main.py`. The address of the controller is in `RUCHE_MASTER`.
pub fn cli(master: &str, arguments: &[&str]) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cli"));
    command.args(arguments).env("RUCHE_MASTER", master);
    Running::start(command)
}

/// Starts the client in Python likewise.
pub fn python_client(master: &str, arguments: &[&str]) -> Running {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/client.py");
    let mut command = Command::new("python3");
    command.arg(script).args(["--master", master]).args(arguments);
    Running::start(command)
}

impl Running {
    /// Starts a command with a file `main.py` in its folder.
    pub fn start(mut command: Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("main.py"), "print(1)\n").unwrap();
        command.current_dir(folder.path()).env_remove("NO_COLOR").env("XDG_CONFIG_HOME", folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: child.stdout.take().map(BufReader::new),
            stderr: child.stderr.take().map(BufReader::new),
            child,
            folder,
        }
    }

    /// Waits for a line on standard output.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut line).unwrap();
        line
    }

    /// Waits for a line on standard error.
    pub fn error_line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.as_mut().unwrap().read_line(&mut line).unwrap();
        line
    }

    /// Sends a signal, as Ctrl-C does.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    /// Closes its input and waits for its end.
    pub fn finish(mut self) -> Finished {
        self.stdin = None;
        self.wait()
    }

    /// Waits for its end while its input stays open.
    pub fn wait(mut self) -> Finished {
        let pid = self.pid();
        let (sender, receiver) = mpsc::channel();
        let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
        let stdin = self.stdin.take();
        let waiter = std::thread::spawn(move || {
            let errors = std::thread::spawn(move || read_all(stderr));
            let stdout = read_all(stdout);
            let stderr = errors.join().unwrap();
            let status = self.child.wait().unwrap();
            drop(self.folder);
            let _ = sender.send(Output { status, stdout, stderr });
        });
        let output = receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            let _ = kill(pid, Signal::SIGKILL);
            panic!("the process did not end");
        });
        waiter.join().unwrap();
        drop(stdin);
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

fn read_all(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes).unwrap();
    }
    bytes
}
