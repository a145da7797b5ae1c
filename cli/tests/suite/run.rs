//! `cli run` where all goes well: what is sent, what is shown, what it ends with.

use std::fs;
use std::io::Write as _;
use std::sync::mpsc;

use protocol::client::{Request, Response};
use protocol::event::{JobEvent, OutputStream};
use protocol::{Content, Job, LimitsRequest, Step, Verdict};

use crate::support::*;

#[test]
fn streams_both_outputs_as_they_appear_and_ends_with_the_programs_code() {
    let (seen, was_seen) = mpsc::channel();
    let controller = FakeController::start(move |client| {
        client.start_job();
        client.stdout("first\n");
        // Only a client that shows output at once gets the rest.
        was_seen.recv().unwrap();
        client.stderr("oops\n");
        client.stdout("last");
        client.finished(job(step(Verdict::RuntimeError, Some(3))));
    });
    let mut run = cli(&controller.address, &["run", "main.py"]);
    assert_eq!(run.line(), "first\n");
    seen.send(()).unwrap();
    let end = run.finish();
    controller.end();
    assert_eq!((end.code, end.stdout.as_str()), (Some(3), "last"));
    assert_eq!(
        end.stderr,
        "oops\nruntime error · exit 3 · 12 ms CPU · 15 ms · 3.4 MB · on lab-1\n\
         runtime error: the program ended by itself with exit code 3\n"
    );
}

#[test]
fn the_job_leaves_with_the_hello_without_waiting_for_an_answer() {
    let controller = FakeController::raw(|listener| {
        let mut client = Client::accept(listener);
        client.hear_hello();
        let submission = client.submission();
        assert_eq!(submission.spec.files[0].content, Content::from("print(1)\n"));
        client.say_hello();
        client.accepted();
        client.finished(ok());
    });
    let end = cli(&controller.address, &["run", "main.py"]).finish();
    controller.end();
    assert_eq!(end.code, Some(0));
}

#[test]
fn everything_said_on_the_command_line_reaches_the_controller() {
    let controller = FakeController::start(|client| {
        let submission = client.start_job();
        client.finished(ok());
        let spec = submission.spec;
        assert_eq!(spec.language, "pypy");
        assert_eq!(spec.main.as_deref(), Some("main.py"));
        assert_eq!(spec.args, ["a b", "--json"]);
        assert_eq!(spec.env, [("MODE".to_owned(), "x=y".to_owned())].into());
        assert_eq!(spec.labels, [("class".to_owned(), "3b".to_owned())].into());
        assert_eq!(spec.requires, [("room".to_owned(), "12".to_owned())].into());
        assert_eq!(spec.compile_args, ["-O2", "-g"]);
        assert_eq!((spec.priority, spec.no_wait), (-5, true));
        let limits = LimitsRequest {
            cpu_seconds: Some(2.0),
            wall_seconds: Some(0.5),
            memory_bytes: Some(256 << 20),
            processes: Some(9),
            output_bytes: Some(1 << 20),
            disk_bytes: Some(64 << 20),
        };
        assert_eq!(spec.limits, limits);
        assert!(submission.stdin_follows && !submission.keep);
    });
    let arguments = "run main.py --lang pypy --main ./main.py --cpu 2s --wall 500ms --memory 256M \
        --processes 9 --output 1M --disk 64M --env MODE=x=y --compile-arg=-O2 --compile-arg -g \
        --label class=3b --require room=12 --priority -5 --no-wait --";
    let arguments: Vec<&str> = arguments.split_whitespace().chain(["a b", "--json"]).collect();
    let end = cli(&controller.address, &arguments).finish();
    controller.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
}

#[test]
fn files_are_sent_by_their_names_below_their_common_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lib")).unwrap();
    let binary = [0, 159, 146, 150];
    fs::write(folder.path().join("main.c"), "int main;").unwrap();
    fs::write(folder.path().join("lib/data.bin"), binary).unwrap();
    let controller = FakeController::start(move |client| {
        let spec = client.start_job().spec;
        client.finished(ok());
        let names: Vec<&str> = spec.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!((names, spec.language.as_str()), (vec!["main.c", "lib/data.bin"], "c"));
        assert_eq!(spec.files[1].content, Content::from(binary.to_vec()));
    });
    let paths = ["main.c", "lib/../lib/data.bin"].map(|name| folder.path().join(name));
    let [main, data] = paths.each_ref().map(|path| path.to_str().unwrap());
    let end = cli(&controller.address, &["run", main, data]).finish();
    controller.end();
    assert_eq!(end.code, Some(0));
}

#[test]
fn a_file_larger_than_the_window_waits_for_credit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.py");
    let content: Vec<u8> = (0..1_000_000_u32).map(|number| (number * 7) as u8).collect();
    fs::write(&path, &content).unwrap();
    let controller = FakeController::start(move |client| {
        let spec = client.start_job().spec;
        assert!(spec.files[0].content == Content::from(content));
        client.finished(ok());
    });
    let end = cli(&controller.address, &["run", path.to_str().unwrap()]).finish();
    controller.end();
    assert_eq!(end.code, Some(0));
}

#[test]
fn output_larger_than_the_window_flows_while_it_is_read() {
    const PIECE: usize = 60_000;
    let controller = FakeController::start(|client| {
        client.start_job();
        for _ in 0..40 {
            client.output(Step(1), OutputStream::Stdout, &[b'x'; PIECE]);
        }
        client.finished(ok());
    });
    let end = cli(&controller.address, &["run", "main.py", "--quiet"]).finish();
    controller.end();
    assert_eq!((end.stdout.len(), end.stderr.as_str()), (40 * PIECE, ""));
}

#[test]
fn the_compilers_words_go_to_standard_error() {
    let controller = FakeController::start(|client| {
        client.start_job();
        client.output(Step::COMPILE, OutputStream::Stdout, b"main.py:1: ");
        client.output(Step::COMPILE, OutputStream::Stderr, b"what is this?\n");
        let failed = step(Verdict::CompileError, Some(1));
        client.finished(Job { compile: Some(failed.clone()), runs: vec![], ..job(failed) });
    });
    let end = cli(&controller.address, &["run", "main.py"]).finish();
    controller.end();
    assert_eq!((end.code, end.stdout.as_str()), (Some(120), ""));
    assert!(end.stderr.starts_with("main.py:1: what is this?\ncompile error · exit 1"), "{}", end.stderr);
}

#[test]
fn an_uncommon_extension_is_looked_up_in_the_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.hs");
    fs::write(&path, "main = pure ()").unwrap();
    let script = |client: &mut Client| {
        let (stream, request) = client.request();
        assert_eq!(request, Request::Languages);
        client
            .respond(stream, &Response::Languages { languages: vec![language("haskell", "Haskell", "hs")] });
    };
    let controller = FakeController::start(move |client| {
        script(client);
        assert_eq!(client.start_job().spec.language, "haskell");
        client.finished(ok());
    });
    let end = cli(&controller.address, &["run", path.to_str().unwrap()]).finish();
    controller.end();
    assert_eq!(end.code, Some(0));

    let controller = FakeController::start(script);
    fs::write(folder.path().join("x.zz"), "").unwrap();
    let end = cli(&controller.address, &["run", folder.path().join("x.zz").to_str().unwrap()]).finish();
    controller.end();
    assert_eq!(end.code, Some(125));
    assert!(end.stderr.contains("x.zz: its name tells no known language: say --lang, one of haskell\n"));
}

#[test]
fn json_is_one_object_with_the_output_in_it() {
    let controller = FakeController::start(|client| {
        client.start_job();
        client.stdout("he");
        client.stdout("llo\n");
        client.output(Step(1), OutputStream::Stderr, &[0xff]);
        client.finished(job(step(Verdict::RuntimeError, Some(4))));
    });
    let end = cli(&controller.address, &["run", "main.py", "--json"]).finish();
    controller.end();
    assert_eq!((end.code, end.stderr.as_str(), end.stdout.lines().count()), (Some(4), "", 1));
    let job: Job = serde_json::from_str(&end.stdout).unwrap();
    assert_eq!(job.runs[0].stdout, Some("hello\n".into()));
    assert_eq!(job.runs[0].stderr, Some(vec![0xff].into()));
}

#[test]
fn quiet_says_nothing_but_the_output() {
    let controller = FakeController::start(|client| {
        client.start_job();
        client.stdout("1\n");
        client.finished(job(step(Verdict::CpuTimeExceeded, None)));
    });
    let end = cli(&controller.address, &["run", "main.py", "-q"]).finish();
    controller.end();
    assert_eq!((end.code, end.stdout.as_str(), end.stderr.as_str()), (Some(121), "1\n", ""));
}

#[test]
fn a_job_that_waits_long_says_how_many_are_before_it() {
    let controller = FakeController::start(|client| {
        client.submission();
        client.accepted();
        client.event(JobEvent::Queued { position: 3 });
        // The client hangs up only after it has said so.
        assert!(client.read().is_some_and(|frame| frame.kind == protocol::frame::FrameKind::StdinEnd));
        assert!(matches!(client.request(), (2, Request::Cancel { .. })));
        client.finished(job(step(Verdict::Cancelled, None)));
    });
    let mut run = cli(&controller.address, &["run", "main.py"]);
    run.stdin = None;
    assert_eq!(run.error_line(), "waiting for a free runner (3 before you)\n");
    run.signal(nix::sys::signal::Signal::SIGINT);
    assert_eq!(run.finish().code, Some(130));
    controller.end();
}

#[test]
fn a_detached_job_prints_its_id_and_is_watched_later() {
    let controller = FakeController::start(|client| {
        let submission = client.submission();
        assert!(submission.keep && !submission.stdin_follows);
        client.accepted();
    });
    let end = cli(&controller.address, &["run", "main.py", "--detach"]).finish();
    controller.end();
    assert_eq!((end.code, end.stdout), (Some(0), format!("{ID}\n")));

    let controller = FakeController::start(|client| {
        assert_eq!(client.request(), (1, Request::Watch { id: id(), after: 0, stdin_follows: false }));
        client.accepted();
        client.started(1);
        client.stdout("late\n");
        client.finished(ok());
    });
    let end = cli(&controller.address, &["watch", ID]).finish();
    controller.end();
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), "late\n"));
}

#[test]
fn a_file_as_input_travels_with_the_job() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"5 7\n").unwrap();
    let controller = FakeController::start(|client| {
        let submission = client.start_job();
        assert_eq!(submission.spec.stdin, Some("5 7\n".into()));
        assert!(!submission.stdin_follows);
        client.finished(ok());
    });
    let end =
        cli(&controller.address, &["run", "main.py", "--stdin", file.path().to_str().unwrap()]).finish();
    controller.end();
    assert_eq!(end.code, Some(0));
}
