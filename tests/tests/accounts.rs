//! Accounts with the real programs: set up, logged in, limited and revoked from a shell.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tests::process::{Server, binary};
use tests::{cluster::Ran, http};

const PASSWORD: &str = "correct horse battery";

/// A controller whose log is kept, and people with a home each.
struct Place {
    folder: tempfile::TempDir,
    controller: Server,
    clients: String,
    runners: String,
    http: String,
    /// What stands behind the # of the set-up link.
    setup: String,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let any = "127.0.0.1:0";
        let mut command = Command::new(binary("controller"));
        command.args([
            "--clients",
            any,
            "--runners",
            any,
            "--http",
            any,
            "--anonymous-use",
            "off",
            "--data-dir",
        ]);
        command.arg(folder.path().join("data")).env("RUST_LOG", "trace");
        command.stderr(File::create(folder.path().join("log")).unwrap());
        let mut controller = Server::start(&mut command);
        let doors = controller.line("listening");
        let door = |name: &str| {
            let door = doors.split(' ').find_map(|door| door.strip_prefix(&format!("{name}=")));
            door.unwrap().to_owned()
        };
        let link = controller.line("setup");
        let setup = link.split([' ', '/']).rfind(|part| part.starts_with("ruche_setup_")).unwrap().to_owned();
        Self {
            clients: door("clients"),
            runners: door("runners"),
            http: door("http"),
            folder,
            controller,
            setup,
        }
    }

    /// A runner that offers Python; it ends with what is returned.
    fn runner(&self) -> Server {
        let name = format!("acc-{}", std::process::id());
        let mut command = Command::new(binary("runner"));
        command.args([
            "start",
            "--name",
            &name,
            "--controller",
            &self.runners,
            "--language",
            "python",
            "--run-dir",
        ]);
        command.arg(self.folder.path());
        let mut runner = Server::start(&mut command);
        runner.line("ready");
        runner
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The cli as somebody whose home is this, told this on standard input.
    fn cli(&self, home: &str, arguments: &[&str], input: &[&str]) -> Ran {
        let home = self.folder.path().join(home);
        std::fs::create_dir_all(&home).unwrap();
        let mut command = Command::new(binary("cli"));
        command.args(arguments).env("RUCHE_MASTER", &self.clients).env("XDG_CONFIG_HOME", &home);
        command.env("HOME", &home).env_remove("RUCHE_TOKEN");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines: String = input.iter().map(|line| format!("{line}\n")).collect();
        // Whoever needs less than that may be gone already.
        let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    fn does(&self, home: &str, arguments: &[&str], input: &[&str]) -> String {
        let ran = self.cli(home, arguments, input);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran.stdout
    }

    /// Whether it was refused, and why.
    fn refused(&self, home: &str, arguments: &[&str], input: &[&str]) -> String {
        let ran = self.cli(home, arguments, input);
        assert_eq!(ran.code, 125, "{arguments:?}: {ran:?}");
        ran.stderr
    }

    fn token_of(&self, home: &str) -> String {
        let clusters = self.folder.path().join(home).join("ruche/clusters");
        let folder = std::fs::read_dir(clusters).unwrap().next().unwrap().unwrap().path();
        std::fs::read_to_string(folder.join("token")).unwrap().trim().to_owned()
    }
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_cluster_is_set_up_and_its_people_do_what_they_may() {
    let place = Place::new();
    let (secret, setup) = (place.setup.clone(), ["login", "--setup", "--name", "root"]);
    assert!(place.refused("root", &setup, &["ruche_setup_wrong", PASSWORD]).contains("not good any more"));
    place.does("root", &setup, &[&secret, PASSWORD]);
    assert!(place.refused("eve", &setup, &[&secret, PASSWORD]).contains("already"), "it is good once");
    assert_eq!(json_of(&place.does("root", &["whoami", "--json"], &[]))["role"], "admin");
    assert!(place.refused("eve", &["jobs"], &[]).contains("log in"));

    place.does("root", &["user", "add", "ada"], &[PASSWORD]);
    place.does("root", &["user", "add", "tom", "--role", "teacher"], &[PASSWORD]);
    place.does("root", &["group", "add", "3b", "ada", "tom"], &[]);
    place.does("root", &["user", "limit", "ada", "--running", "2", "--memory", "64M"], &[]);
    assert!(place.refused("ada", &["login", "--name", "ada"], &["something else"]).contains("wrong"));
    place.does("ada", &["login"], &["ada", PASSWORD]);
    let me = json_of(&place.does("ada", &["whoami", "--json"], &[]));
    assert_eq!(
        (&me["name"], &me["groups"], &me["limits"]["max_running"]),
        (&json!("ada"), &json!(["3b"]), &json!(2))
    );
    for forbidden in [&["user", "list"][..], &["audit"], &["user", "add", "bob"], &["group", "limit", "3b"]] {
        assert!(place.refused("ada", forbidden, &[PASSWORD]).contains("may not"), "{forbidden:?}");
    }
    place.does("tom", &["login", "--name", "tom"], &[PASSWORD]);
    place.does("tom", &["group", "limit", "3b", "--queued", "5"], &[]);
    let users = json_of(&place.does("tom", &["user", "list", "--json"], &[]));
    let names: Vec<&str> =
        users.as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ada", "tom"], "a teacher sees its group");
    assert!(place.does("ada", &["whoami"], &[]).contains("5 waiting"));

    place.does("ada", &["logout"], &[]);
    assert!(place.refused("ada", &["jobs"], &[]).contains("log in"));
}

#[test]
fn a_token_is_good_for_what_it_says_until_it_is_revoked() {
    let place = Place::new();
    place.does("root", &["login", "--setup", "--name", "root"], &[&place.setup, PASSWORD]);
    let token =
        place.does("root", &["token", "create", "--name", "ci", "--scope", "read", "--ttl", "1d"], &[]);
    let token = token.trim();
    place.does("ci", &["login", "--token"], &[token]);
    place.does("ci", &["jobs"], &[]);
    assert!(place.refused("ci", &["user", "list"], &[]).contains("scope admin"));
    let id =
        json_of(&place.does("root", &["token", "list", "--json"], &[]))[0]["id"].as_str().unwrap().to_owned();
    place.does("root", &["token", "revoke", &id], &[]);
    assert!(place.refused("ci", &["jobs"], &[]).contains("log in again"), "at once");
}

#[test]
fn a_users_programs_are_its_own_and_run_until_its_time_is_used_up() {
    let place = Place::new();
    let _runner = place.runner();
    place.does("root", &["login", "--setup", "--name", "root"], &[&place.setup, PASSWORD]);
    for name in ["ada", "bob"] {
        place.does("root", &["user", "add", name], &[PASSWORD]);
    }
    place.does("root", &["user", "limit", "ada", "--cpu-per-day", "200ms"], &[]);
    place.does("ada", &["login", "--name", "ada"], &[PASSWORD]);
    place.does("bob", &["login", "--name", "bob"], &[PASSWORD]);
    let burn = "import time\nwhile time.process_time() < 0.4: pass\nprint('burnt')\n";
    let burn = place.file("burn.py", burn);
    assert_eq!(place.does("ada", &["run", &burn], &[]), "burnt\n");
    let refusal = place.refused("ada", &["run", &burn], &[]);
    assert!(refusal.contains("0.2 s of processor time") && refusal.contains("00:00 UTC"), "{refusal}");
    assert!(place.refused("eve", &["run", &burn], &[]).contains("log in"));

    let jobs = json_of(&place.does("ada", &["jobs", "--json"], &[]));
    assert_eq!(jobs["jobs"][0]["owner"], "ada");
    let id = jobs["jobs"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(place.does("ada", &["watch", &id], &[]), "burnt\n");
    assert_eq!(place.does("root", &["watch", &id], &[]), "burnt\n");
    assert!(place.refused("bob", &["watch", &id], &[]).contains("there is no job"));
    assert_eq!(json_of(&place.does("bob", &["jobs", "--json"], &[]))["jobs"], json!([]));

    let token = place.does("bob", &["token", "create", "--jobs", "1", "--scope", "submit,read"], &[]);
    place.does("ci", &["login", "--token"], &[token.trim()]);
    assert_eq!(place.does("ci", &["run", &burn], &[]), "burnt\n");
    assert!(place.refused("ci", &["run", &burn], &[]).contains("budget of 1 jobs"));
}

#[test]
fn accounts_outlive_their_controller() {
    let mut place = Place::new();
    place.does("root", &["login", "--setup", "--name", "root"], &[&place.setup, PASSWORD]);
    place.controller.stop();
    let mut command = Command::new(binary("controller"));
    command.args([
        "--clients",
        &place.clients,
        "--runners",
        "127.0.0.1:0",
        "--http",
        &place.http,
        "--data-dir",
    ]);
    command.arg(place.folder.path().join("data"));
    place.controller = Server::start(&mut command);
    place.controller.line("listening");
    assert_eq!(json_of(&place.does("root", &["whoami", "--json"], &[]))["name"], "root");
}

#[test]
fn no_secret_is_in_a_log_an_error_or_the_store() {
    let place = Place::new();
    place.does("root", &["login", "--setup", "--name", "root"], &[&place.setup, PASSWORD]);
    let token = place.does("root", &["token", "create"], &[]).trim().to_owned();
    let session = place.token_of("root");
    let wrong = "this is not the password";
    let mut said = place.refused("eve", &["login", "--name", "root"], &[wrong]);
    said += &place.refused("eve", &["login", "--token"], &["ruche_pat_made_up"]);
    said += &place.refused("eve", &["login", "--name", "mypasswordisthis"], &[wrong]);

    let url = |path: &str| format!("http://{}/api/v1{path}", place.http);
    for body in [
        json!({ "name": "root", "password": wrong, "passwort": PASSWORD }),
        json!({ "name": "root", "password": [PASSWORD] }),
        json!({ "secret": place.setup, "name": "!", "password": PASSWORD }),
    ] {
        for path in ["/session", "/setup", "/users", "/password"] {
            said += &http::post(&url(path), &body).body.to_string();
        }
    }
    said += &http::read(&url("/session"), &[("authorization", &format!("Bearer {token}"))]);
    said += &place.does("root", &["audit", "--json"], &[]);
    assert!(place.log().contains("a log-in failed"), "the log is the one that was looked at");
    said += &place.log();
    let secrets =
        [place.setup.as_str(), PASSWORD, wrong, &token, &session, "ruche_pat_made_up", "mypasswordisthis"];
    for secret in secrets {
        assert!(!said.contains(secret), "{secret} was said");
    }
    let stored = |name: &str| std::fs::read(place.folder.path().join("data").join(name)).unwrap_or_default();
    for file in ["ruche.db", "ruche.db-wal"] {
        let bytes = stored(file);
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {file}");
        }
    }
    assert!(Path::new(&place.folder.path().join("data/ruche.db")).exists());
}
