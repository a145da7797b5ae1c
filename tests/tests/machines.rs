//! A controller, a runner and a client on three machines: what somebody sees who listens between them.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use std::path::Path;
use std::process::{Command, Stdio};

use tests::cluster::left_behind;
use tests::machines::{CONTROLLER, Machines};
use tests::process::{Server, binary};
use tests::{Ran, nonce};

/// In the program, in what it writes, in a token that a client shows, and in a password.
const SOURCE: &str = "tulip-in-the-source";
const OUTPUT: &str = "tulip-in-the-output";
const TOKEN: &str = "tulip-in-a-token";
const PASSWORD: &str = "tulip-in-a-password";

/// What was seen of a cluster at work.
struct Seen {
    bytes: Vec<u8>,
    join_secret: Option<String>,
}

impl Seen {
    fn has(&self, text: &str) -> bool {
        self.bytes.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

#[test]
fn nobody_between_the_machines_can_read_what_they_say() {
    let Some(encrypted) = at_work(&["--tls", "always"]) else { return };
    for secret in [SOURCE, OUTPUT, TOKEN, PASSWORD, encrypted.join_secret.as_deref().unwrap()] {
        assert!(!encrypted.has(secret), "{secret} was seen");
    }
    // The same listener, where nothing is encrypted: it would have seen them.
    let plain = at_work(&["--tls", "never"]).unwrap();
    for secret in [SOURCE, OUTPUT, TOKEN, PASSWORD] {
        assert!(plain.has(secret), "{secret} was not seen in plain");
    }
}

/// Runs a program over three machines with this encryption. Nothing where this host cannot make them.
fn at_work(encryption: &[&str]) -> Option<Seen> {
    let machines = match Machines::new() {
        Ok(machines) => machines,
        Err(why) => {
            eprintln!("skipped: this host cannot make network namespaces ({why})");
            return None;
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let capture = machines.capture();
    let mut controller = machines.command("controller", binary("controller"));
    for (door, port) in [("clients", 7000), ("runners", 7001), ("http", 7080)] {
        controller.args([format!("--{door}"), format!("{CONTROLLER}:{port}")]);
    }
    // Who may do what is not what this is about.
    controller.args(encryption).arg("--insecure").arg("--data-dir").arg(folder.path().join("data"));
    let mut controller = Server::start(&mut controller);
    controller.line("listening");

    let encrypted = encryption.contains(&"always");
    let ca = folder.path().join("data/ca.pem");
    let cli = |arguments: &[&str]| {
        let mut command = machines.command("client", binary("cli"));
        command.args(arguments).env("RUCHE_MASTER", CONTROLLER).env("XDG_CONFIG_HOME", folder.path());
        if !encrypted {
            command.env("RUCHE_INSECURE", "true");
        }
        command
    };
    if encrypted {
        let ran = run(&mut cli(&["login", "--trust-only", "--ca-file", ca.to_str().unwrap()]));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let name = format!("far-{}", nonce());
    let join_secret =
        encrypted.then(|| join(&machines, folder.path(), &name, &run(&mut cli(&["runner", "token"]))));
    let mut runner = machines.command("runner", binary("runner"));
    runner.args(["start", "--name", &name, "--language", "python", "--skip-selftest", "--run-dir"]);
    runner.arg(folder.path()).arg("--state-dir").arg(folder.path().join("state"));
    if !encrypted {
        runner.args(["--controller", &format!("{CONTROLLER}:7001")]);
    }
    let mut runner = Server::start(&mut runner);
    runner.line("ready");

    let program = folder.path().join("main.py");
    std::fs::write(
        &program,
        format!("# {SOURCE}\nprint('-'.join({:?}))", OUTPUT.split('-').collect::<Vec<_>>()),
    )
    .unwrap();
    let ran = run(cli(&["run", "--quiet"]).arg(&program));
    assert_eq!((ran.code, ran.stdout.trim()), (0, OUTPUT), "{}", ran.stderr);
    // Whether they are good for anything does not matter: they are said all the same.
    run(cli(&["status"]).env("RUCHE_TOKEN", TOKEN));
    say_password(&machines, encrypted, &ca);

    assert!(runner.stop().success() && controller.stop().success());
    assert!(left_behind(&name, folder.path()).is_empty());
    Some(Seen { bytes: capture.end(), join_secret })
}

fn run(command: &mut Command) -> Ran {
    command.stdin(Stdio::null()).output().unwrap().into()
}

/// The runner's machine becomes part of the cluster, as the line says that the cli printed. Returns the secret in it.
fn join(machines: &Machines, folder: &Path, name: &str, line: &Ran) -> String {
    let words: Vec<&str> = line.stdout.split_whitespace().collect();
    assert_eq!(words.len(), 4, "{} {}", line.stdout, line.stderr);
    let mut command = machines.command("runner", binary("runner"));
    command.args(&words[1..]).args(["--name", name, "--state-dir"]).arg(folder.join("state"));
    let ran = run(&mut command);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    words[3].split('.').next().unwrap().to_owned()
}

/// A program on the client's machine says a password over HTTP.
fn say_password(machines: &Machines, encrypted: bool, ca: &Path) {
    let script = "import ssl, sys, urllib.request as r\n\
        context = ssl.create_default_context(cafile=sys.argv[2]) if sys.argv[1].startswith('https') else None\n\
        headers = {'content-type': 'application/json'}\n\
        try: r.urlopen(r.Request(sys.argv[1], sys.argv[3].encode(), headers), context=context)\n\
        except r.HTTPError: pass";
    let scheme = if encrypted { "https" } else { "http" };
    let mut command = machines.command("client", "python3");
    command.args(["-c", script, &format!("{scheme}://{CONTROLLER}:7080/api/v1/session")]).arg(ca);
    let ran = run(command.arg(format!("{{\"name\":\"ada\",\"password\":\"{PASSWORD}\"}}")));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}
