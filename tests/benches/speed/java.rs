//! Compiling and running a small Java program, with this project and with nothing but the same JDK.

use std::process::{Command, Stdio};

use tests::Cluster;

use crate::controller::Http;
use crate::engine::Kept;
use crate::figures::Series;
use crate::runner_api::{RunnerApi, spec};
use crate::timed;

const HELLO: &str =
    "public class Main { public static void main(String[] a) { System.out.println(\"Hello\"); } }\n";

/// So many rounds of each.
pub fn measure(cluster: &Cluster, api: &RunnerApi, rounds: usize) -> [Series; 3] {
    let kept = Kept::start("ruche/jdk");
    let pid = kept.pid();
    std::fs::write(format!("/proc/{pid}/root/tmp/Main.java"), HELLO).unwrap();
    let mut http = Http::connect(cluster);
    let job = spec("java", "Main.java", HELLO);
    let mut series = ["bare javac and java", "runner", "HTTP"].map(Series::new);
    for round in 0..=rounds {
        let times = [timed(|| bare(&pid)), timed(|| api.run(&job)), timed(|| http.run(&job))];
        // The first one reads everything from the disk.
        if round > 0 {
            series.iter_mut().zip(times).for_each(|(series, time)| series.push(time));
        }
    }
    series
}

/// The compiler and the program, in the namespaces of a plain container of the same image: entering them costs
/// about two milliseconds.
fn bare(pid: &str) {
    let mut process = Command::new("nsenter");
    process.args(["--target", pid, "--mount", "--pid", "--"]);
    process.args(["sh", "-c", "cd /tmp && javac Main.java && java Main"]);
    let output = process.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
