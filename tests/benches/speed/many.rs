//! Many tests of one compiled program: a job with so many judged runs, and the same program started as often by nothing but
//! its parent. Neither's compilation counts.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use protocol::{Checker, Expect, JobSpec, RunSpec};
use tests::Cluster;

use crate::figures::Series;
use crate::runner_api::{RunnerApi, spec};
use crate::timed;

/// How many tests.
const TESTS: u32 = 200;

/// How many of them at once, where several are.
const AT_ONCE: u32 = 2;

const SUM: &str = "#include <stdio.h>\nint main(void) { long a, b; if (scanf(\"%ld %ld\", &a, &b) != 2) return 1; \
                   printf(\"%ld\\n\", a + b); }\n";

/// So many rounds of all tests.
pub fn measure(cluster: &Cluster, api: &RunnerApi, rounds: usize) -> [Series; 3] {
    let program = compile(cluster.folder.path());
    let in_turn = job();
    let at_once = JobSpec { parallel: Some(AT_ONCE), ..in_turn.clone() };
    let mut series = ["bare", "runner", "runner, 2 at once"].map(Series::new);
    for round in 0..=rounds {
        let bare = || (0..TESTS).for_each(|number| bare(&program, number));
        let times = [timed(bare), api.time_runs(&in_turn), api.time_runs(&at_once)];
        // The first one reads everything from the disk.
        if round > 0 {
            series.iter_mut().zip(times).for_each(|(series, time)| series.push(time));
        }
    }
    series
}

/// The program, compiled by this host.
fn compile(folder: &Path) -> std::path::PathBuf {
    let (source, program) = (folder.join("sum.c"), folder.join("sum"));
    std::fs::write(&source, SUM).unwrap();
    let compiled = Command::new("cc").args(["-O2", "-o"]).arg(&program).arg(&source).status().unwrap();
    assert!(compiled.success());
    program
}

fn input(number: u32) -> String {
    format!("{number} {}\n", 2 * number)
}

fn job() -> JobSpec {
    let run = |number: u32| {
        let expected = (3 * number).to_string();
        RunSpec {
            stdin: Some(input(number).as_str().into()),
            expect: Some(Expect { stdout: expected.as_str().into(), checker: Checker::default() }),
            ..RunSpec::default()
        }
    };
    JobSpec { runs: Some((0..TESTS).map(run).collect()), ..spec("c", "main.c", SUM) }
}

fn bare(program: &Path, number: u32) {
    let mut process = Command::new(program);
    let mut child = process.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input(number).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, format!("{}\n", 3 * number).as_bytes());
}
