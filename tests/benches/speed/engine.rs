//! What most services do instead: `docker exec` into a container that is kept, or `docker run` for each program.

use std::process::{Command, Stdio};

use crate::figures::Series;
use crate::timed;

/// The image that the other depths run `true` in.
const IMAGE: &str = "ruche/gcc";

/// A container that waits, removed when dropped.
pub struct Kept(String);

impl Kept {
    /// Starts one of this image.
    pub fn start(image: &str) -> Self {
        Self(docker(&["run", "--detach", "--network", "none", image, "sleep", "infinity"]))
    }

    /// The number of its first process on this host.
    pub fn pid(&self) -> String {
        docker(&["inspect", "--format", "{{.State.Pid}}", &self.0])
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        docker(&["rm", "--force", &self.0]);
    }
}

/// So many rounds of either.
pub fn measure(rounds: usize) -> [Series; 2] {
    let kept = Kept::start(IMAGE);
    let mut series = ["docker exec", "docker run"].map(Series::new);
    for _ in 0..rounds {
        series[0].push(timed(|| _ = docker(&["exec", &kept.0, "true"])));
        series[1].push(timed(|| _ = docker(&["run", "--rm", "--network", "none", IMAGE, "true"])));
    }
    series
}

/// Runs the docker command; returns what it says.
fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).stdin(Stdio::null()).output().expect("docker runs");
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
