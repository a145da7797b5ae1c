//! A Docker of a test's own, to be stopped, frozen and filled up without harm to anybody else.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::wait::wait_until;

/// What the tests' programs run in.
pub const IMAGE: &str = "ruche/python:latest";

/// Room for the image twice, as Docker needs while it loads one.
const DISK_BYTES: u64 = 1 << 30;

/// A Docker daemon with the image for Python. It goes with all that it made.
#[derive(Debug)]
pub struct PrivateDocker {
    daemon: Option<Child>,
    disk: Mount,
    /// The last to go: the others lie in it.
    folder: TempDir,
}

impl PrivateDocker {
    /// A daemon whose data lie on a small disk of its own, in memory: a real one takes many seconds to let go of
    /// an image.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let disk = Mount::new(&folder.path().join("data"), &format!("size={DISK_BYTES}"));
        let mut this = Self { daemon: None, disk, folder };
        this.start();
        this.load_image();
        this
    }

    /// Starts it again after [`stop`](Self::stop), and waits until it answers.
    pub fn start(&mut self) {
        let folder = self.folder.path();
        let log = File::options().create(true).append(true).open(folder.join("log"));
        let mut command = Command::new("dockerd");
        command.arg("--data-root").arg(folder.join("data"));
        command.arg("--exec-root").arg(folder.join("exec"));
        command.arg("--pidfile").arg(folder.join("pid"));
        command.args(["--host", &self.address(), "--bridge=none", "--iptables=false", "--ip-masq=false"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.expect("a log can be made"));
        self.daemon = Some(command.spawn().expect("dockerd is installed"));
        wait_until("a private Docker to answer", || {
            let ended = self.daemon.as_mut()?.try_wait().expect("it can be waited for");
            assert!(ended.is_none(), "dockerd ended: {}", self.log());
            self.docker(&["version"]).status.success().then_some(())
        });
    }

    /// Tells it to stop, as a service manager does, and waits until it has.
    pub fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            signal(&daemon, Signal::SIGCONT);
            signal(&daemon, Signal::SIGTERM);
            wait_until("a private Docker to stop", || daemon.try_wait().expect("it can be waited for"));
        }
    }

    /// Holds it up: it still takes connections, and does not answer.
    pub fn freeze(&self) {
        signal(self.daemon.as_ref().expect("it runs"), Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        signal(self.daemon.as_ref().expect("it runs"), Signal::SIGCONT);
    }

    /// Gives it the image that this host's own Docker has.
    pub fn load_image(&self) {
        let mut save = Command::new("docker");
        let mut save = save.args(["save", IMAGE]).stdout(Stdio::piped()).spawn().expect("docker runs");
        let mut load = Command::new("docker");
        load.args(["--host", &self.address(), "load"]).stdin(save.stdout.take().expect("it is a pipe"));
        let loaded = load.output().expect("docker runs");
        assert!(loaded.status.success(), "{} {}", text(&loaded.stderr), self.log());
        assert!(save.wait().expect("it can be waited for").success());
    }

    /// Puts a program into the image that changes its user, as a careless recipe might.
    pub fn weaken_image(&self) {
        let weaken =
            ["run", "--name", "weak", "--network", "none", "--user", "0", IMAGE, "chmod", "u+s", "/bin/true"];
        for arguments in [weaken.as_slice(), &["commit", "weak", IMAGE], &["rm", "weak"]] {
            let done = self.docker(arguments);
            assert!(done.status.success(), "docker {arguments:?}: {}", text(&done.stderr));
        }
    }

    /// Takes the image away, also from under containers.
    pub fn remove_image(&self) {
        let removed = self.docker(&["rmi", "--force", IMAGE]);
        assert!(removed.status.success(), "{}", text(&removed.stderr));
    }

    /// Fills its disk up, as far as it goes. Returns what to remove to free it.
    pub fn fill_disk(&self) -> PathBuf {
        let path = self.disk.path.join("filler");
        let file = File::options().create(true).append(true).open(&path);
        let mut file = file.expect("a file can be made");
        let error = loop {
            if let Err(error) = file.write_all(&[1; 4096]) {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        path
    }

    /// Its address, as `DOCKER_HOST` has it.
    pub fn address(&self) -> String {
        format!("unix://{}", self.folder.path().join("docker.sock").display())
    }

    /// The sandbox containers of a runner that are in this state, or in any.
    pub fn containers(&self, runner: &str, state: Option<&str>) -> Vec<String> {
        let label = format!("label=ruche.runner={runner}");
        let state = state.map(|state| format!("status={state}"));
        let mut arguments = vec!["ps", "-aq", "--filter", label.as_str()];
        arguments.extend(state.iter().flat_map(|state| ["--filter", state.as_str()]));
        text(&self.docker(&arguments).stdout).lines().map(str::to_owned).collect()
    }

    /// Kills all containers of a runner.
    pub fn kill_containers(&self, runner: &str) {
        for container in self.containers(runner, None) {
            self.docker(&["kill", &container]);
        }
    }

    fn docker(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("docker");
        command.args(["--host", &self.address()]).args(arguments).output().expect("docker runs")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Default for PrivateDocker {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for PrivateDocker {
    fn drop(&mut self) {
        self.stop();
        // What a daemon that did not end well has left mounted keeps its folder from going.
        for path in mounts_below(self.folder.path()) {
            unmount(&path);
        }
    }
}

/// A small file system in memory. It goes with the value.
#[derive(Debug)]
pub struct Mount {
    path: PathBuf,
}

impl Mount {
    /// One at this path, with these options.
    pub fn new(path: &Path, options: &str) -> Self {
        fs::create_dir_all(path).expect("a folder can be made");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path).status();
        assert!(mounted.expect("mount runs").success());
        Self { path: path.to_owned() }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        unmount(&self.path);
    }
}

fn unmount(path: &Path) {
    // What is not mounted any more is fine.
    let _ = Command::new("umount").arg("--lazy").arg(path).stderr(Stdio::null()).status();
}

/// What is mounted below a folder, the innermost first.
fn mounts_below(folder: &Path) -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let paths = mounts.lines().filter_map(|line| line.split(' ').nth(1)).map(PathBuf::from);
    let mut below: Vec<PathBuf> = paths.filter(|path| path.starts_with(folder)).collect();
    below.reverse();
    below
}

fn signal(daemon: &Child, signal: Signal) {
    kill(Pid::from_raw(daemon.id().cast_signed()), signal).expect("it can be signalled");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
