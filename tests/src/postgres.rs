//! Real PostgreSQL servers for tests: on loopback, on free ports, as a user that is not root, in folders of their
//! own. They end with the test, and also where the test process is killed: each hangs on a pipe of it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, chown, geteuid};
use tempfile::TempDir;

use crate::{nonce, wait_until};

/// The user of the databases.
const USER: &str = "ruche";

/// Starts the server, says its number, and ends it when the pipe on standard input does.
const GUARD: &str = r#""$@" >"$LOG" 2>&1 & echo $!; cat >/dev/null; kill -INT $!; wait $!"#;

/// A server.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    port: u16,
    guard: Child,
    server: Pid,
}

impl Postgres {
    /// A server that the tests of this process share; it ends with the last of them.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let started = Arc::new(Self::start());
        *shared = Arc::downgrade(&started);
        started
    }

    /// A server of its own.
    pub fn start() -> Self {
        let folder = folder();
        let data = folder.path().join("data");
        let mut initdb = program("initdb");
        initdb
            .args(["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "-U", USER, "-D"])
            .arg(&data);
        succeed(&mut initdb);
        Self::serve(folder)
    }

    /// A standby that follows this server. From now on this one waits for it with every commit, so that failing over
    /// loses nothing.
    pub fn standby(&self) -> Self {
        let folder = folder();
        let mut backup = program("pg_basebackup");
        backup.args(["-R", "-X", "stream", "-c", "fast", "-h", "127.0.0.1", "-U", USER, "-p"]);
        backup.arg(self.port.to_string()).arg("-D").arg(folder.path().join("data"));
        succeed(&mut backup);
        let standby = Self::serve(folder);
        self.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.sql("postgres", "SELECT pg_reload_conf()");
        wait_until("the standby to follow", || {
            (self.sql("postgres", "SELECT sync_state FROM pg_stat_replication") == "sync").then_some(())
        });
        standby
    }

    /// Makes a standby the server that writes.
    pub fn promote(&self) {
        succeed(program("pg_ctl").args(["promote", "-w", "-D"]).arg(self.folder.path().join("data")));
    }

    /// An empty database. Returns its name.
    pub fn database(&self) -> String {
        let name = format!("test_{}", nonce().replace('-', "_"));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Dumps a database and restores it into another, empty one.
    pub fn copy(&self, from: &str, to: &str) {
        let dump = self.folder.path().join(format!("{from}.dump"));
        let address = ["-h", "127.0.0.1", "-U", USER, "-p", &self.port.to_string()].map(str::to_owned);
        succeed(program("pg_dump").args(&address).arg("-Fc").arg("-f").arg(&dump).arg(from));
        succeed(program("pg_restore").args(&address).args(["-d", to]).arg(&dump));
    }

    /// What the controller's `store` is for a database of this server.
    pub fn url(&self, database: &str) -> String {
        Self::url_of(&[self], database)
    }

    /// The same, where any of these servers may be the one that writes.
    pub fn url_of(servers: &[&Self], database: &str) -> String {
        let hosts: Vec<String> = servers.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect();
        let hosts = hosts.join(",");
        format!("postgres://{USER}@{hosts}/{database}?sslmode=disable&target_session_attrs=read-write")
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs a statement. Returns what it gives, as bare text.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        let mut psql = program("psql");
        psql.args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", USER, "-p"]);
        psql.arg(self.port.to_string()).args(["-d", database, "-c", statement]);
        succeed(&mut psql)
    }

    /// Kills it, without a word to anybody.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        wait_until("the server to be gone", || kill(self.server, None).is_err().then_some(()));
    }

    /// Sends it a signal: stopped, it is a machine that has gone silent.
    pub fn signal(&self, signal: Signal) {
        kill(self.server, signal).expect("the server can be signalled");
    }

    fn serve(folder: TempDir) -> Self {
        let port = free_port();
        let mut guard = unprivileged("sh");
        guard.args(["-c", GUARD, "sh"]).arg(path_of("postgres")).arg("-D").arg(folder.path().join("data"));
        guard.arg("-p").arg(port.to_string()).arg("-k").arg(folder.path());
        guard.args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"]);
        guard.env("LOG", folder.path().join("log")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut guard = guard.spawn().expect("a server can be started");
        let mut line = String::new();
        let stdout = guard.stdout.take().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("the server's number can be read");
        let server = Pid::from_raw(line.trim().parse().expect("the server has a number"));
        let started = Self { folder, port, guard, server };
        wait_until("the server to answer", || started.answers().then_some(()));
        started
    }

    fn answers(&self) -> bool {
        let mut ready = program("pg_isready");
        ready.args(["-q", "-h", "127.0.0.1", "-p"]).arg(self.port.to_string());
        let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        assert!(kill(self.server, None).is_ok(), "the server has ended: {}", log());
        ready.status().expect("pg_isready runs").success()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A stopped one hears nothing.
        let _ = kill(self.server, Signal::SIGCONT);
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
        remove_segment(&self.folder.path().join("data/postmaster.pid"));
    }
}

/// A server that was killed leaves its pid file, and the shared memory that is named in the file's seventh line by
/// key and number: the host would keep that for ever.
fn remove_segment(pid_file: &Path) {
    let text = std::fs::read_to_string(pid_file).unwrap_or_default();
    let number = text.lines().nth(6).and_then(|line| line.split_whitespace().nth(1));
    if let Some(number) = number {
        let _ = unprivileged("ipcrm").args(["-m", number]).status();
    }
}

fn free_port() -> u16 {
    let probe = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    probe.expect("there are free ports").port()
}

/// A folder that the server's user owns.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    if let Some(user) = user() {
        chown(folder.path(), Some(user.uid), Some(user.gid)).expect("root can give a folder away");
    }
    folder
}

/// Who runs the server: it refuses to run as root.
fn user() -> Option<User> {
    if !geteuid().is_root() {
        return None;
    }
    let user = User::from_name("postgres").ok().flatten();
    Some(user.expect("Debian's package made a user postgres"))
}

fn unprivileged(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    if let Some(user) = user() {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command.current_dir("/");
    command
}

fn program(name: &str) -> Command {
    let mut command = unprivileged(path_of(name));
    command.stdin(Stdio::null());
    command
}

/// Debian keeps each version's programs apart.
fn path_of(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let programs = versions.map(|version| version.path().join("bin").join(name));
    let newest = programs.filter(|path| path.exists()).max();
    newest.unwrap_or_else(|| Path::new(name).to_owned())
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}: is PostgreSQL installed (apt-get install postgresql)?")
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    text(&output.stdout)
}
