//! How long one run of a compiled program takes, at three depths of this project and without it, all in one run on
//! one machine: only the ratios mean something. `make bench` prints them beside what is promised (ARCHITECTURE.md).
//!
//! The program is `true`: what is measured is everything but the program. The three depths are the runner's own
//! interface, in this process; the controller over HTTP; and the controller over TCP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement that fails has nothing to clean up"
)]

mod bare;
mod controller;
mod engine;
mod figures;
mod floor;
mod java;
mod many;
mod memory;
mod promises;
mod runner_api;
mod throughput;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use tests::Cluster;
use tests::promise::{self, Promise};

use crate::controller::{Http, Tcp};
use crate::figures::{Series, table};
use crate::runner_api::RunnerApi;

/// Rounds of what takes milliseconds, and how many come before them uncounted.
const ROUNDS: usize = 300;
const WARM_UP: usize = 30;

/// Rounds of what takes a good part of a second.
const SLOW_ROUNDS: usize = 8;

/// A language whose programs are compiled already: its only one is `true`.
const LANGUAGES: &str = "[[language]]\nid = 'true'\nname = 'true'\nextensions = ['true']\nimage = 'gcc'\n\
                         version = ['gcc', '--version']\nentry = 'any'\nrun = ['true']\n";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if let (Some(floor::ARGUMENT), Some(turn)) = (arguments.next().as_deref(), arguments.next()) {
        return floor::run(&turn);
    }
    let cluster = cluster();
    let api = RunnerApi::start(&cluster.folder.path().join("runner.toml"));
    say("one run");
    let mut depths = one_run(&cluster, &api);
    say("docker exec and docker run");
    depths.extend(engine::measure(SLOW_ROUNDS));
    say("Java, compiled and run");
    let java = java::measure(&cluster, &api, SLOW_ROUNDS);
    say("200 tests of a compiled program");
    let many = many::measure(&cluster, &api, SLOW_ROUNDS);
    say("runs a second");
    let throughput = throughput::measure(&cluster, &api);
    let memory = memory::measure(&cluster);

    println!("\nOne run of `true`\n{}", table(&depths));
    println!("Hello in Java, compiled and run\n{}", table(&java));
    println!("200 judged runs of a compiled program, without its compilation\n{}", table(&many));
    println!("Runs a second, and as a share of bare\n{}", throughput::table(&throughput));
    println!("Memory\n{}", memory::table(&memory));
    let promises = promises::check(&depths, &java, &many, &throughput, &memory);
    println!("Promises\n{}", tests::table::columns(&promise::rows(&promises, 2)));
    match promises.iter().all(Promise::holds) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// A cluster of one runner that knows the language of `true`.
fn cluster() -> Cluster {
    let mut cluster = Cluster::empty();
    let languages = cluster.folder.path().join("languages");
    std::fs::create_dir(&languages).unwrap();
    std::fs::write(languages.join("true.toml"), LANGUAGES).unwrap();
    let config = cluster.folder.path().join("runner.toml");
    // Not about this host's strength: that is the self-test's business.
    std::fs::write(&config, format!("languages_dir = {languages:?}\nselftest = false\n")).unwrap();
    cluster.add_runner("bench", &["--config", config.to_str().unwrap(), "--language", "true,java,c"]);
    cluster
}

/// The same program at every depth in turn, so that whatever else the machine does meets all of them alike.
fn one_run(cluster: &Cluster, api: &RunnerApi) -> Vec<Series> {
    let mut http = Http::connect(cluster);
    let mut tcp = Tcp::connect(cluster);
    let spec = runner_api::spec("true", "x.true", "");
    let mut series = ["bare fork+exec", "runner", "HTTP", "TCP"].map(Series::new);
    for round in 0..WARM_UP + ROUNDS {
        let times =
            [timed(bare::run), timed(|| api.run(&spec)), timed(|| http.run(&spec)), timed(|| tcp.run(&spec))];
        if round >= WARM_UP {
            series.iter_mut().zip(times).for_each(|(series, time)| series.push(time));
        }
    }
    series.into()
}

/// How long something takes.
fn timed(work: impl FnOnce()) -> Duration {
    let since = Instant::now();
    work();
    since.elapsed()
}

fn say(what: &str) {
    eprintln!("measuring: {what}");
}
