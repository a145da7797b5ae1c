//! How a controller grows: with so many runners and so many jobs in its queue, how many jobs a second, how soon, and at
//! what cost. `make bench-scale` prints it beside what is promised (docs/scale.md).
//!
//! The controller is the real binary in a process of its own, held to one processor. Everybody else is on another one:
//! the simulated runners, each with a link of its own, the clients, and a database server where there is one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement that fails has nothing to clean up"
)]

mod clients;
mod controller;
mod fleet;
mod frames;
mod measure;
mod options;
mod plot;
mod promises;
mod report;
mod system;

use std::process::ExitCode;

use tests::promise::{self, Promise};
use tests::table::{columns, markdown};
use tokio::signal::unix::{SignalKind, signal};

use crate::controller::Backend;
use crate::measure::{Cell, Measured};
use crate::options::Options;
use crate::system::Cores;

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let cores = Cores::split();
    system::pin(cores.bench);
    let files = system::raise_file_limit();
    if !cores.are_apart() {
        eprintln!("there is one processor only: the controller shares it with everything else");
    }
    eprintln!("up to {files} files are open in each process");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let measured = runtime.block_on(async {
        // Told to stop, it takes the controller with it.
        let mut terminate = signal(SignalKind::terminate()).unwrap();
        tokio::select! {
            measured = measure(&options, cores) => Some(measured),
            _ = terminate.recv() => None,
            _ = tokio::signal::ctrl_c() => None,
        }
    });
    let Some(measured) = measured else { return ExitCode::FAILURE };
    let promises = promises::check(&measured);
    publish(&measured, &promises);
    match promises.iter().all(Promise::holds) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Prints the tables, and leaves them and a drawing in the target folder.
fn publish(measured: &Measured, promises: &[Promise]) {
    let tables = [
        ("Runners that are connected and have nothing to do", report::idle(measured)),
        ("Jobs a second, and how soon they are assigned at half of that", report::cells(measured)),
        ("A queue whose runners come back", report::drained(measured)),
        ("Promises", promise::rows(promises, 1)),
    ];
    let exe = std::env::current_exe().unwrap();
    let folder = exe.ancestors().nth(3).unwrap();
    let mut page = String::new();
    for (title, rows) in &tables {
        println!("\n{title}\n{}", columns(rows));
        page += &format!("## {title}\n\n{}\n", markdown(rows));
    }
    std::fs::write(folder.join("scale.md"), page).unwrap();
    std::fs::write(folder.join("scale.svg"), plot::draw(&panels(measured))).unwrap();
    println!("The same is in {0}/scale.md and {0}/scale.svg", folder.display());
}

/// Each store with each number of runners is a line.
fn panels(measured: &Measured) -> [plot::Panel; 3] {
    let panel = |title, bound, figure: fn(&Cell) -> f64| {
        let mut lines: Vec<plot::Line> = Vec::new();
        for cell in &measured.cells {
            let name = format!("{}, {} runners", cell.store, cell.runners);
            let point = (cell.queued as f64, figure(cell));
            match lines.iter_mut().find(|line| line.name == name) {
                Some(line) => line.points.push(point),
                None => lines.push(plot::Line { name, points: vec![point] }),
            }
        }
        plot::Panel { title, below: "jobs in the queue", lines, bound }
    };
    [
        panel("jobs a second", None, |cell| cell.rate),
        panel("ms from submit to assigned, p99", Some(promises::ASSIGNED), |cell| cell.assigned.1),
        panel("µs of processor time a job", None, |cell| cell.cpu),
    ]
}

async fn measure(options: &Options, cores: Cores) -> Measured {
    let mut measured = Measured::default();
    for store in &options.stores {
        for runners in &options.runners {
            measured.add(&Backend::fresh(*store, options), *runners, options, cores).await;
        }
    }
    measured
}
