//! Encrypted clusters of the real programs: clients that know the controller, runners that have joined, and all
//! who should not get in.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use protocol::tls::{Fingerprint, from_pem};
use tests::{Cluster, Ran, root, wait_until};

const PYTHON: &[&str] = &["--language", "python"];

fn print_of(cluster: &Cluster) -> Fingerprint {
    let pem = std::fs::read_to_string(cluster.authority()).unwrap();
    Fingerprint::of(&from_pem(&pem).unwrap())
}

/// A program with standard input empty, to its end.
fn python(arguments: &[&str]) -> Ran {
    let mut command = Command::new("python3");
    command.args(arguments).stdin(std::process::Stdio::null()).output().unwrap().into()
}

#[test]
fn a_joined_runner_works_for_all_kinds_of_clients() {
    let mut cluster = Cluster::encrypted(&[]);
    cluster.add_joined("a", PYTHON);
    let file = cluster.file("main.py", "print(6 * 7)");
    let ran = cluster.run(&file, &["--quiet"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "42\n"), "{}", ran.stderr);

    let (client, ca) = (root().join("examples/client.py"), cluster.authority());
    let (client, ca, file) = (client.to_str().unwrap(), ca.to_str().unwrap(), file.to_str().unwrap());
    let ran = python(&[client, file, "--master", cluster.address("clients"), "--ca", ca]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "42\n"), "{}", ran.stderr);

    let script = "import json, ssl, sys, urllib.request as r\n\
        spec = {'language': 'python', 'files': [{'path': 'a.py', 'content': 'print(7 * 6)'}]}\n\
        request = r.Request(sys.argv[1], json.dumps(spec).encode(), {'content-type': 'application/json'})\n\
        context = ssl.create_default_context(cafile=sys.argv[2])\n\
        print(json.load(r.urlopen(request, context=context))['runs'][0]['stdout'], end='')";
    let url = format!("https://{}/api/v1/jobs?wait=60", cluster.address("http"));
    let ran = python(&["-c", script, &url, ca]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "42\n"), "{}", ran.stderr);
}

#[test]
fn a_controller_that_is_not_the_known_one_is_refused_with_both_prints() {
    let (cluster, other) = (Cluster::encrypted(&[]), Cluster::encrypted(&[]));
    let (shown, expected) = (print_of(&cluster), print_of(&other));
    // As if the other's authority had been at this address before.
    let here = cluster.address("clients").replace(':', "_");
    let known = cluster.folder.path().join("config/ruche/clusters").join(here).join("ca.pem");
    std::fs::copy(other.authority(), &known).unwrap();
    for arguments in
        [&["status"][..], &["login", "--trust-only"], &["status", "--ca-pin", &expected.to_string()]]
    {
        let ran = cluster.cli_says(arguments);
        assert_eq!(ran.code, 127, "{arguments:?}: {}", ran.stderr);
        for print in [shown, expected] {
            assert!(ran.stderr.contains(&print.to_string()), "{arguments:?}: {}", ran.stderr);
        }
    }
    let pin = shown.to_string();
    assert_eq!(
        cluster.cli_says(&["login", "--trust-only", "--ca-pin", &pin]).code,
        0,
        "who says so believes the new one"
    );
    assert_eq!(cluster.cli_says(&["status"]).code, 0);
}

#[test]
fn without_a_word_of_the_user_no_authority_is_believed() {
    let cluster = Cluster::with_flags(&["--tls", "always"]);
    let ran = cluster.cli_says(&["login", "--trust-only"]);
    assert!(ran.code == 127 && ran.stderr.contains(&print_of(&cluster).to_string()), "{}", ran.stderr);
    assert_eq!(cluster.cli_says(&["status"]).code, 125, "still in plain, and refused");
    let pin = print_of(&cluster).to_string();
    let ran: Ran = cluster.cli(&["status"]).env("RUCHE_CA_PIN", &pin).output().unwrap().into();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn to_another_machine_nothing_is_sent_before_it_is_known() {
    let ran: Ran = Cluster::empty().cli(&["status", "--master", "192.0.2.1"]).output().unwrap().into();
    assert_eq!(ran.code, 127);
    assert!(ran.stderr.contains("cli login 192.0.2.1:7000"), "{}", ran.stderr);
}

#[test]
fn a_plain_peer_at_an_encrypted_door_hears_why_and_at_once() {
    let cluster = Cluster::with_flags(&["--tls", "always"]);
    let begun = Instant::now();
    let ran = cluster.cli_says(&["status"]);
    assert_eq!((ran.code, ran.stderr.contains("encrypted (TLS): `cli login")), (125, true), "{}", ran.stderr);

    let mut http = TcpStream::connect(cluster.address("http")).unwrap();
    http.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    http.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("https://"), "{answer}");

    let name = cluster.runner_name("a");
    let flags = ["--controller", cluster.address("runners")];
    let mut runner = cluster.start_joined(&name, &[PYTHON, &flags].concat(), "plain.log");
    cluster.wait_for_log("plain.log", "refused this runner: this door is encrypted (TLS)");
    assert!(begun.elapsed() < Duration::from_secs(30), "nobody waits for a time to be over");
    runner.stop();
}

#[test]
fn handshakes_that_never_end_hold_up_nobody_and_are_given_up() {
    let cluster = Cluster::encrypted(&[]);
    let begun = Instant::now();
    let doors = ["clients", "runners", "http"];
    let mut slow: Vec<TcpStream> = doors
        .into_iter()
        .flat_map(|door| (0..60).map(move |number| (door, number)))
        .map(|(door, number)| {
            let mut stream = TcpStream::connect(cluster.address(door)).unwrap();
            // Nothing, a part of a hello, or one that announces more than ever comes.
            let said: &[u8] = [&b""[..], b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01\x00"][number % 3];
            stream.write_all(said).unwrap();
            stream
        })
        .collect();
    let asked = Instant::now();
    assert_eq!(cluster.cli_says(&["status"]).code, 0);
    assert!(asked.elapsed() < Duration::from_secs(2), "others are served meanwhile");
    for stream in &mut slow {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut rest = Vec::new();
        // A connection that is cut is one that has been given up as well.
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "after 10 s they are given up");
}

#[test]
fn a_peer_that_encrypts_at_a_plain_door_hears_why() {
    let cluster = Cluster::empty();
    let other = Cluster::encrypted(&[]);
    let ran = cluster.cli_says(&["status", "--ca-pin", &print_of(&other).to_string()]);
    assert_eq!((ran.code, ran.stderr.contains("does not encrypt (TLS)")), (127, true), "{}", ran.stderr);
    assert_eq!(cluster.cli_says(&["login", "--trust-only"]).code, 0, "there is nothing to be known");
    let ran = cluster.join("a", &other.token(&[]));
    assert_eq!((ran.code, ran.stderr.contains("does not encrypt (TLS)")), (1, true), "{}", ran.stderr);
    let ran = cluster.cli_says(&["runner", "token"]);
    assert!(ran.code != 0 && ran.stderr.contains("need no token"), "{}", ran.stderr);
}

#[test]
fn a_token_is_for_one_cluster_so_many_hosts_and_so_long() {
    let (cluster, other) = (Cluster::encrypted(&[]), Cluster::encrypted(&[]));
    let foreign = cluster.join("a", &other.token(&[]));
    assert!(
        foreign.code == 1 && foreign.stderr.contains(&print_of(&cluster).to_string()),
        "{}",
        foreign.stderr
    );

    let once = cluster.token(&[]);
    assert_eq!(cluster.join("a", &once).code, 0);
    let short = cluster.token(&["--ttl", "1s", "--uses", "1000"]);
    let again = wait_until("the token's time to be over", || {
        let ran = cluster.join(&tests::nonce(), &short);
        (ran.code != 0).then_some(ran)
    });
    for ran in [cluster.join("b", &once), again] {
        assert!(ran.code == 1 && ran.stderr.contains("this join token is not valid here"), "{}", ran.stderr);
        let secret = once.trim_start_matches("ruche-join-").split('.').next().unwrap();
        assert!(!ran.stderr.contains(secret));
    }
    let taken = cluster.join("a", &cluster.token(&[]));
    assert!(taken.code == 1 && taken.stderr.contains("there is a runner called a"), "{}", taken.stderr);
    let wrong = cluster.join("c", "ruche-join-tulip");
    assert!(wrong.code == 1 && wrong.stderr.contains("no join token"), "{}", wrong.stderr);
    assert!(!wrong.stderr.contains("tulip"), "{}", wrong.stderr);
}

#[test]
fn a_runner_cannot_call_itself_by_anothers_name() {
    let cluster = Cluster::encrypted(&[]);
    let (mine, theirs) = (cluster.runner_name("mine"), cluster.runner_name("theirs"));
    for name in [&mine, &theirs] {
        assert_eq!(cluster.join(name, &cluster.token(&[])).code, 0);
    }
    let joined = cluster.state_dir().join("joined");
    std::fs::copy(joined.join(&mine).join("identity.pem"), joined.join(&theirs).join("identity.pem"))
        .unwrap();
    let mut runner = cluster.start_joined(&theirs, PYTHON, "theirs.log");
    let said = cluster.wait_for_log("theirs.log", "refused this runner");
    assert!(said.contains(&format!("the certificate of this runner is {mine}'s")), "{said}");
    assert!(cluster.connected().is_empty());
    runner.stop();
}

#[test]
fn a_removed_runner_is_cut_off_and_its_jobs_go_elsewhere() {
    let mut cluster = Cluster::encrypted(&[]);
    cluster.add_joined("a", PYTHON);
    let file =
        cluster.file("slow.py", "import time\nprint('begun', flush=True)\ntime.sleep(3)\nprint('done')");
    let mut run = cluster.start_run(&file, &[]);
    let mut first = [0; 6];
    run.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"begun\n");
    cluster.add_joined("b", PYTHON);

    let (a, b) = (cluster.runner_name("a"), cluster.runner_name("b"));
    let ran = cluster.cli_says(&["runner", "remove", &a]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    wait_until("its link to be cut", || (cluster.connected() == [b.clone()]).then_some(()));
    let ended: Ran = run.wait_with_output().unwrap().into();
    assert!(ended.code == 0 && ended.stdout.contains("done"), "{ended:?}");
    assert!(ended.stderr.contains(&b), "{ended:?}");
    let said = cluster.wait_for_log(&format!("{a}.log"), "not connected");
    assert!(said.contains("is not part of this cluster any more"), "{said}");
    let again = cluster.cli_says(&["runner", "remove", &a]);
    assert!(again.code == 125 && again.stderr.contains("has joined this cluster"), "{}", again.stderr);
}

#[test]
fn a_certificate_renews_itself_while_the_runner_works() {
    let mut cluster = Cluster::encrypted(&["--runner-certificate-seconds", "9"]);
    cluster.add_joined("a", PYTHON);
    let identity = cluster.state_dir().join("joined").join(cluster.runner_name("a")).join("identity.pem");
    let first = std::fs::read_to_string(&identity).unwrap();
    let joined_at = Instant::now();
    wait_until("another certificate", || {
        (std::fs::read_to_string(&identity).unwrap() != first).then_some(())
    });
    // Once the first one has ended, the link is broken: only the new one gets the runner in again.
    wait_until("the first to end", || (joined_at.elapsed() > Duration::from_secs(9)).then_some(()));
    let doors =
        ["clients", "runners", "http"].map(|door| (format!("--{door}"), cluster.address(door).to_owned()));
    let mut flags: Vec<&str> = doors.iter().flat_map(|(flag, address)| [flag.as_str(), address]).collect();
    flags.extend(["--tls", "always"]);
    cluster.controller().signal(Signal::SIGKILL);
    cluster.controller().wait();
    cluster.replace_controller(&flags);
    wait_until("the runner to be back", || (!cluster.connected().is_empty()).then_some(()));
    let file = cluster.file("main.py", "print(1)");
    assert_eq!(cluster.run(&file, &["--quiet"]).stdout, "1\n");
}
