//! What Docker has, and a way to it that a test can cut.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

const SOCKET: &str = "/var/run/docker.sock";

/// The sandbox containers of a runner.
pub fn containers(runner: &str) -> Vec<String> {
    let filter = format!("label=ruche.runner={runner}");
    let listed =
        Command::new("docker").args(["ps", "-aq", "--filter", &filter]).output().expect("docker runs");
    assert!(listed.status.success(), "docker ps: {}", String::from_utf8_lossy(&listed.stderr));
    String::from_utf8_lossy(&listed.stdout).lines().map(str::to_owned).collect()
}

/// Removes an image that a test has made.
pub fn remove_image(tag: &str) {
    let removed = Command::new("docker").args(["rmi", tag]).output().expect("docker runs");
    assert!(removed.status.success(), "docker rmi: {}", String::from_utf8_lossy(&removed.stderr));
}

/// Kills a container, as the kernel or an operator might. It may be gone already.
pub fn kill(container: &str) {
    Command::new("docker").args(["kill", container]).output().expect("docker runs");
}

/// The process that a container consists of, as its host sees it.
pub fn pid(container: &str) -> i32 {
    let shown = Command::new("docker").args(["inspect", "--format", "{{.State.Pid}}", container]).output();
    let shown = shown.expect("docker runs").stdout;
    String::from_utf8_lossy(&shown).trim().parse().expect("a container has a process")
}

/// A socket that leads to Docker until it is cut.
#[derive(Debug)]
pub struct DockerPath {
    path: PathBuf,
    open: Arc<Mutex<Option<Vec<UnixStream>>>>,
}

impl DockerPath {
    /// A socket in this folder.
    pub fn new(folder: &Path) -> Self {
        let path = folder.join("docker.sock");
        let this = Self { path, open: Arc::default() };
        this.mend();
        this
    }

    /// The socket as `DOCKER_HOST` has it.
    pub fn address(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// Lets connections through, from now on.
    pub fn mend(&self) {
        let listener = UnixListener::bind(&self.path).expect("a socket can be made");
        *self.open.lock().unwrap() = Some(Vec::new());
        let open = Arc::clone(&self.open);
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let Ok(docker) = UnixStream::connect(SOCKET) else { return };
                match &mut *open.lock().unwrap() {
                    Some(streams) => {
                        streams.extend([client.try_clone().unwrap(), docker.try_clone().unwrap()])
                    }
                    None => return,
                }
                carry(client.try_clone().unwrap(), docker.try_clone().unwrap());
                carry(docker, client);
            }
        });
    }

    /// Ends all connections and lets no more through.
    pub fn cut(&self) {
        let streams = self.open.lock().unwrap().take().unwrap_or_default();
        std::fs::remove_file(&self.path).expect("the socket is there");
        for stream in streams {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn carry(mut from: UnixStream, mut to: UnixStream) {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        let mut copy = || -> io::Result<bool> {
            let length = from.read(&mut buffer)?;
            to.write_all(&buffer[..length])?;
            Ok(length > 0)
        };
        while copy().unwrap_or(false) {}
        let _ = to.shutdown(Shutdown::Write);
    });
}
