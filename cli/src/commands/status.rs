//! `cli status`.

use std::time::Duration;

use protocol::client::{Request, Response};
use protocol::cluster::{ClusterInfo, RunnerInfo};
use serde::Serialize;

use super::Address;
use crate::args::StatusArgs;
use crate::client::Link;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::table::{self, Align};
use crate::{messages, terminal};

/// How often the table is shown anew. Runners measure as often.
const PERIOD: Duration = Duration::from_secs(1);

const ALIGN: [Align; 10] = [
    Align::Left,
    Align::Left,
    Align::Right,
    Align::Right,
    Align::Right,
    Align::Right,
    Align::Right,
    Align::Left,
    Align::Left,
    Align::Left,
];

/// The cluster at one moment.
#[derive(Serialize)]
struct Status {
    cluster: ClusterInfo,
    runners: Vec<RunnerInfo>,
}

/// Shows the runners.
pub async fn status(address: &Address, args: &StatusArgs) -> Result<Exit, Failure> {
    let mut link = address.connect().await?;
    if args.watch {
        return tokio::select! {
            failure = watch(&mut link) => Err(failure),
            _ = tokio::signal::ctrl_c() => Ok(Exit::OK),
        };
    }
    let status = ask(&mut link, 1).await?;
    match args.json {
        true => terminal::print_json(&status)?,
        false => terminal::print_lines(&lines(&status, terminal::width()))?,
    }
    Ok(Exit::OK)
}

/// Shows the table again and again until it cannot.
async fn watch(link: &mut Link) -> Failure {
    let mut screen = terminal::Screen::default();
    let mut ticks = tokio::time::interval(PERIOD);
    let mut stream = 1;
    loop {
        ticks.tick().await;
        let shown = match ask(link, stream).await {
            Ok(status) => screen.show(&lines(&status, terminal::width())),
            Err(failure) => return failure,
        };
        if let Err(failure) = shown {
            return failure;
        }
        stream += 2;
    }
}

/// Asks both questions at once, on streams from this number on.
async fn ask(link: &mut Link, stream: u32) -> Result<Status, Failure> {
    match link.ask(stream, [Request::Cluster, Request::Runners]).await? {
        [Response::Cluster { cluster }, Response::Runners { runners }] => Ok(Status { cluster, runners }),
        _ => Err(link.strange_answer()),
    }
}

fn lines(status: &Status, width: usize) -> Vec<String> {
    let mut lines = match status.runners.is_empty() {
        true => vec![messages::NO_RUNNERS.to_owned()],
        false => {
            let rows: Vec<[String; 10]> = status.runners.iter().map(row).collect();
            table::lines(messages::RUNNER_HEADS, ALIGN, &rows, width)
        }
    };
    lines.push(String::new());
    lines.push(messages::cluster(&status.cluster));
    lines
}

fn row(runner: &RunnerInfo) -> [String; 10] {
    let measured = runner.telemetry.as_ref();
    let number = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let active = measured.map_or(runner.assigned_jobs, |measured| measured.active_jobs);
    [
        runner.name.clone(),
        messages::runner_state(runner).to_owned(),
        format!("{active}/{}", runner.max_jobs),
        number(measured.map(|measured| measured.active_containers.to_string())),
        number(measured.map(|measured| format!("{:.0} %", measured.cpu_percent))),
        number(measured.map(|measured| format!("{:.0} %", measured.memory_percent))),
        number(measured.map(|measured| format!("{:.2}", measured.load))),
        number(runner.selftest.as_ref().map(messages::selftest)),
        runner.languages.join(" "),
        runner.reason.clone().unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use protocol::cluster::{RunnerSettings, RunnerState};
    use protocol::runner::SelfTest;
    use protocol::{RunnerId, Timestamp};

    use super::*;

    fn status(runners: Vec<RunnerInfo>) -> Status {
        let cluster = ClusterInfo {
            version: "0.1.0".into(),
            started_at: Timestamp::UNIX_EPOCH,
            runners: 2,
            available_runners: 1,
            slots: 4,
            queued: 7,
            running: 3,
            max_queue: 1000,
            draining: false,
            activity: None,
        };
        Status { cluster, runners }
    }

    fn runner(name: &str, state: RunnerState, reason: Option<&str>, failed: &[&str]) -> RunnerInfo {
        let failed = failed.iter().map(|name| (*name).to_owned()).collect();
        let selftest = Some(SelfTest { at: Timestamp::UNIX_EPOCH, attacks: 70, failed });
        RunnerInfo {
            id: RunnerId::random(),
            name: name.into(),
            version: "0.1.0".into(),
            state,
            reason: reason.map(str::to_owned),
            languages: vec!["c".into(), "java".into()],
            max_jobs: 2,
            offers_jobs: 2,
            started_at: None,
            settings: RunnerSettings::default(),
            assigned_jobs: 1,
            cpus: 2,
            memory_bytes: 1 << 30,
            connected_at: Timestamp::UNIX_EPOCH,
            selftest,
            labels: std::collections::BTreeMap::new(),
            telemetry: None,
        }
    }

    #[test]
    fn each_runner_has_a_line_and_the_cluster_the_last() {
        let runners = vec![
            runner("lab-1", RunnerState::Available, None, &[]),
            runner("lab-2", RunnerState::Unavailable, Some("cpu 93 % over max_cpu_percent 85"), &["ptrace"]),
        ];
        assert_eq!(
            lines(&status(runners), usize::MAX),
            [
                "RUNNER  STATE        JOBS  CONTAINERS  CPU  MEMORY  LOAD  SELF-TEST                   LANGUAGES  WHY NOT",
                "lab-1   available     1/2           –    –       –     –  passed 1970-01-01           c java",
                "lab-2   unavailable   1/2           –    –       –     –  failed 1 of 70, 1970-01-01  c java     cpu 93 % over max_cpu_percent 85",
                "",
                "1 of 2 runners available · 3 running in 4 slots · 7 of at most 1000 waiting",
            ]
        );
    }

    #[test]
    fn a_cluster_without_runners_says_so() {
        assert_eq!(lines(&status(vec![]), 80)[0], messages::NO_RUNNERS);
    }
}
