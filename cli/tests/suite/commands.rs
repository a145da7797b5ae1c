//! The commands beside `run`.

use std::fs;
use std::process::Command;

use nix::sys::signal::Signal;
use protocol::client::{JobQuery, Request, Response};
use protocol::cluster::{ClusterInfo, RunnerChange, RunnerInfo, RunnerSettings, RunnerState};
use protocol::runner::{SelfTest, Telemetry};
use protocol::{JobId, JobPage, JobState, Problem, ProblemKind, RunnerId, Timestamp, Verdict};

use crate::support::*;

fn cluster() -> ClusterInfo {
    ClusterInfo {
        version: "0.1.0".into(),
        started_at: Timestamp::UNIX_EPOCH,
        runners: 1,
        available_runners: 0,
        slots: 2,
        queued: 1,
        running: 2,
        max_queue: 100,
        draining: false,
        activity: None,
    }
}

fn runner() -> RunnerInfo {
    RunnerInfo {
        id: RunnerId::random(),
        name: "lab-1".into(),
        version: "0.1.0".into(),
        state: RunnerState::Unavailable,
        reason: Some("cpu 93 % over max_cpu_percent 85".into()),
        languages: vec!["c".into(), "python".into()],
        max_jobs: 2,
        offers_jobs: 2,
        started_at: None,
        settings: RunnerSettings::default(),
        assigned_jobs: 2,
        cpus: 4,
        memory_bytes: 1 << 33,
        connected_at: Timestamp::UNIX_EPOCH,
        selftest: Some(SelfTest { at: Timestamp::UNIX_EPOCH, attacks: 70, failed: vec!["ptrace".into()] }),
        labels: std::collections::BTreeMap::new(),
        telemetry: Some(Telemetry {
            cpu_percent: 93.2,
            memory_percent: 41.7,
            load: 3.5,
            active_jobs: 2,
            active_containers: 3,
            warm: Default::default(),
            unavailable: None,
            draining: false,
        }),
    }
}

fn answer_status(client: &mut Client) {
    for _ in 0..2 {
        match client.request() {
            (stream, Request::Cluster) => client.respond(stream, &Response::Cluster { cluster: cluster() }),
            (stream, Request::Runners) => {
                client.respond(stream, &Response::Runners { runners: vec![runner()] });
            }
            (_, request) => panic!("{request:?}"),
        }
    }
}

#[test]
fn status_shows_the_runners_and_why_they_take_nothing() {
    let controller = FakeController::start(answer_status);
    let end = cli(&controller.address, &["status"]).finish();
    controller.end();
    assert_eq!(end.code, Some(0));
    assert_eq!(
        end.stdout,
        "RUNNER  STATE        JOBS  CONTAINERS   CPU  MEMORY  LOAD  SELF-TEST                   LANGUAGES  WHY NOT\n\
         lab-1   unavailable   2/2           3  93 %    42 %  3.50  failed 1 of 70, 1970-01-01  c python   cpu 93 % over max_cpu_percent 85\n\
         \n\
         0 of 1 runners available · 2 running in 2 slots · 1 of at most 100 waiting\n"
    );
}

#[test]
fn status_as_json_is_one_object() {
    let controller = FakeController::start(answer_status);
    let end = cli(&controller.address, &["status", "--json"]).finish();
    controller.end();
    let status: serde_json::Value = serde_json::from_str(&end.stdout).unwrap();
    assert_eq!(status["cluster"]["running"], 2);
    assert_eq!(status["runners"][0]["telemetry"]["active_containers"], 3);
}

#[test]
fn a_runner_is_told_to_leave_by_its_name() {
    let controller = FakeController::start(|client| {
        assert_eq!(client.request(), (1, Request::Drain { runner: "lab-1".into() }));
        client.respond(1, &Response::Runners { runners: vec![runner()] });
    });
    let end = cli(&controller.address, &["runner", "drain", "lab-1"]).finish();
    controller.end();
    assert_eq!(end.code, Some(0));
    assert_eq!(end.stderr, "runner lab-1 finishes what it runs, and then leaves\n");
    let controller = FakeController::start(answer_status);
    let end = cli(&controller.address, &["runner", "list"]).finish();
    controller.end();
    assert!(end.stdout.starts_with("RUNNER  STATE"), "{}", end.stdout);
}

#[test]
fn a_runner_is_told_what_to_take() {
    let name = || "lab-1".to_owned();
    let wanted =
        RunnerChange { max_jobs: Some(Some(1)), max_memory_percent: Some(None), max_cpu_percent: None };
    for (arguments, request, said) in [
        (
            &["pause", "lab-1"][..],
            Request::PauseRunner { runner: name() },
            "runner lab-1 finishes what it runs, and then waits for `cli runner resume lab-1`\n",
        ),
        (&["resume", "lab-1"], Request::ResumeRunner { runner: name() }, "runner lab-1 takes jobs again\n"),
        (
            &["set", "lab-1", "--max-jobs", "1", "--max-memory", "own"],
            Request::ChangeRunner { runner: name(), change: wanted },
            "runner lab-1 takes 1 of the 2 jobs that it offers to run at once, none over 80 % cpu\n",
        ),
    ] {
        let controller = FakeController::start(move |client| {
            assert_eq!(client.request(), (1, request));
            let settings = RunnerSettings { max_cpu_percent: Some(80), ..RunnerSettings::default() };
            let runners = vec![RunnerInfo { max_jobs: 1, settings, ..runner() }];
            client.respond(1, &Response::Runners { runners });
        });
        let end = cli(&controller.address, &[&["runner"], arguments].concat()).finish();
        controller.end();
        assert_eq!((end.code, end.stderr.as_str()), (Some(0), said));
    }
}

#[test]
fn status_says_which_runners_are_paused() {
    let controller = FakeController::start(|client| {
        client.request();
        client.respond(1, &Response::Cluster { cluster: cluster() });
        client.request();
        let settings = RunnerSettings { paused: true, ..RunnerSettings::default() };
        let reason = Some("paused by ada".to_owned());
        client.respond(2, &Response::Runners { runners: vec![RunnerInfo { settings, reason, ..runner() }] });
    });
    let end = cli(&controller.address, &["status"]).finish();
    controller.end();
    assert!(end.stdout.contains("lab-1   paused"), "{}", end.stdout);
    assert!(end.stdout.contains("paused by ada"), "{}", end.stdout);
}

#[test]
fn status_is_shown_anew_until_ctrl_c() {
    let controller = FakeController::start(|client| {
        answer_status(client);
        answer_status(client);
        while client.read().is_some() {}
    });
    let mut run = cli(&controller.address, &["status", "--watch"]);
    let mut heads = 0;
    while heads < 2 {
        heads += usize::from(run.line().starts_with("RUNNER"));
    }
    run.signal(Signal::SIGINT);
    assert_eq!(run.finish().code, Some(0));
    controller.end();
}

#[test]
fn jobs_are_listed_page_by_page() {
    let controller = FakeController::start(|client| {
        let query = JobQuery {
            state: Some(JobState::Finished),
            language: Some("python".into()),
            label: Some("class=3b".into()),
            verdict: Some(Verdict::Ok),
            runner: Some("lab-1".into()),
            search: Some("ada".into()),
            owners: None,
            cursor: None,
            limit: Some(100),
        };
        assert_eq!(client.request(), (1, Request::Jobs(query.clone())));
        let full = JobPage { jobs: vec![ok().summary(); 100], next_cursor: Some("next".into()) };
        client.respond(1, &Response::Jobs(full));
        let rest = JobQuery { cursor: Some("next".into()), limit: Some(20), ..query };
        assert_eq!(client.request(), (2, Request::Jobs(rest)));
        let failed = job(step(Verdict::MemoryExceeded, None)).summary();
        client.respond(2, &Response::Jobs(JobPage { jobs: vec![failed], next_cursor: None }));
    });
    let arguments = "jobs --state finished --language python --label class=3b --verdict ok --runner lab-1 --search ada --limit 120";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let end = cli(&controller.address, &arguments).finish();
    controller.end();
    assert_eq!((end.code, end.stdout.lines().count(), end.stderr.as_str()), (Some(0), 102, ""));
    let last = end.stdout.lines().last().unwrap();
    assert!(last.starts_with(&format!("{ID}  memory exceeded  python    lab-1   12 ms  3.4 MB")), "{last}");
}

#[test]
fn jobs_are_looked_for_behind_a_page_on_which_there_are_none() {
    let controller = FakeController::start(|client| {
        client.request();
        client.respond(1, &Response::Jobs(JobPage { jobs: Vec::new(), next_cursor: Some("a".into()) }));
        let (stream, request) = client.request();
        let Request::Jobs(JobQuery { cursor, .. }) = request else { panic!("{request:?}") };
        assert_eq!((stream, cursor.as_deref()), (2, Some("a")));
        client.respond(2, &Response::Jobs(JobPage { jobs: vec![ok().summary()], next_cursor: None }));
    });
    let end = cli(&controller.address, &["jobs", "--search", "ada"]).finish();
    controller.end();
    assert_eq!((end.code, end.stdout.lines().count()), (Some(0), 2), "{}", end.stdout);
}

#[test]
fn a_job_is_run_again_and_followed_or_left_to_the_cluster() {
    let old: JobId = "0b8f6c1e4a1d4f0f9a7a6a2f7f0f6d11".parse().unwrap();
    let run_again = move |client: &mut Client| {
        let (stream, request) = client.request();
        assert_eq!(request, Request::Rerun { id: old });
        client.respond(stream, &Response::Job { job: Box::new(ok()) });
        assert_eq!(client.request(), (1, Request::Watch { id: id(), after: 0, stdin_follows: false }));
        client.accepted();
    };
    let controller = FakeController::start(move |client| {
        run_again(client);
        client.started(1);
        client.stdout("once more\n");
        client.finished(job(step(Verdict::RuntimeError, Some(3))));
    });
    let end = cli(&controller.address, &["rerun", &old.to_string()]).finish();
    controller.end();
    assert_eq!((end.code, end.stdout.as_str()), (Some(3), "once more\n"), "{}", end.stderr);

    let controller = FakeController::start(run_again);
    let end = cli(&controller.address, &["rerun", &old.to_string(), "--detach"]).finish();
    controller.end();
    assert_eq!((end.code, end.stdout), (Some(0), format!("{ID}\n")));

    let controller = FakeController::start(move |client| {
        let (stream, _) = client.request();
        let problem = Problem::new(ProblemKind::NotFound, "there is no job");
        client.respond(stream, &Response::Refused { problem });
    });
    let end = cli(&controller.address, &["rerun", &old.to_string(), "--json"]).finish();
    controller.end();
    assert_eq!(end.code, Some(125));
    assert!(end.stdout.contains("there is no job"), "{}", end.stdout);
}

#[test]
fn cancel_stops_a_job_or_says_why_not() {
    let controller = FakeController::start(|client| {
        let (stream, request) = client.request();
        assert_eq!(request, Request::Cancel { id: id() });
        client.respond(stream, &Response::Job { job: Box::new(ok()) });
    });
    let end = cli(&controller.address, &["cancel", ID]).finish();
    controller.end();
    assert_eq!((end.code, end.stderr), (Some(0), format!("job {ID} is being stopped\n")));

    let controller = FakeController::start(|client| {
        let (stream, _) = client.request();
        let problem = Problem::new(ProblemKind::Conflict, "the job has ended already");
        client.respond(stream, &Response::Refused { problem });
    });
    let end = cli(&controller.address, &["cancel", ID]).finish();
    controller.end();
    assert_eq!((end.code, end.stderr.as_str()), (Some(125), "error: refused: the job has ended already\n"));
}

#[test]
fn languages_are_listed() {
    let answer = |client: &mut Client| {
        let (stream, _) = client.request();
        client.respond(stream, &Response::Languages { languages: vec![language("cpp", "C++", "cc")] });
    };
    let controller = FakeController::start(answer);
    let end = cli(&controller.address, &["languages"]).finish();
    controller.end();
    assert_eq!(
        end.stdout,
        "LANGUAGE  NAME  FILES  RUNNERS  VERSIONS\ncpp       C++   .cc          2  1.2.3\n"
    );
    let controller = FakeController::start(answer);
    let end = cli(&controller.address, &["languages", "--json"]).finish();
    controller.end();
    assert!(end.stdout.starts_with("[{\"id\":\"cpp\""), "{}", end.stdout);
}

#[test]
fn the_configuration_file_gives_the_address_where_nobody_else_does() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("ruche")).unwrap();
    let file = folder.path().join("ruche/cli.toml");
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cli"));
        command.arg("languages").env_remove("RUCHE_MASTER").env("XDG_CONFIG_HOME", folder.path());
        command.output().unwrap()
    };
    let controller = FakeController::start(|client| {
        let (stream, _) = client.request();
        client.respond(stream, &Response::Languages { languages: vec![] });
    });
    fs::write(&file, format!("master = {:?}\n", controller.address)).unwrap();
    assert_eq!(run().status.code(), Some(0));
    controller.end();

    fs::write(&file, "mastr = \"lab\"\n").unwrap();
    let end = run();
    let said = String::from_utf8(end.stderr).unwrap();
    assert_eq!((end.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.contains("cli.toml: unknown field `mastr`, expected `master`"), "{said}");
}

#[test]
fn a_bare_command_helps_and_completions_need_no_controller() {
    let end = cli("127.0.0.1:1", &[]).finish();
    assert!(end.code == Some(2) && end.stderr.contains("Usage: cli"), "{}", end.stderr);
    let end = cli("127.0.0.1:1", &["completions", "bash"]).finish();
    assert!(end.code == Some(0) && end.stdout.contains("languages"));
}
