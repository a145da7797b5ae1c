//! A real cluster tells real receivers how jobs ended.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tests::cluster::job;
use tests::process::{Server, binary};
use tests::{Cluster, Postgres, http, root};

const ANY: [&str; 6] = ["--clients", "127.0.0.1:0", "--runners", "127.0.0.1:0", "--http", "127.0.0.1:0"];
const NEAR: [&str; 2] = ["--callbacks-allow-private", "127.0.0.0/8"];

/// examples/callback.py, and where it listens.
fn example(key: &Path, port: u16) -> (Server, String) {
    let mut command = Command::new("python3");
    command.arg(root().join("examples/callback.py")).arg(key).args(["--port", &port.to_string()]);
    let mut receiver = Server::start(&mut command);
    let url = receiver.line("listening");
    (receiver, url)
}

fn cli(cluster: &Cluster, arguments: &[&str]) -> String {
    let ran = cluster.cli(arguments).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_receiver_that_was_away_is_told_by_a_controller_that_was_killed() {
    let mut cluster = Cluster::with_flags(&NEAR);
    cluster.add_runner("a", &["--language", "python"]);
    let key = cluster.file("key.txt", &cli(&cluster, &["callback-key", "--cluster"]));
    let (mut receiver, url) = example(&key, 0);
    receiver.kill();

    let program = cluster.file("main.py", "print('done')\n");
    let id = cli(&cluster, &["run", program.to_str().unwrap(), "--detach", "--callback", &url]);
    cluster.wait_for(&id, "finished");
    cluster.controller().kill();
    cluster.replace_controller(&[&ANY[..], &NEAR].concat());

    let port = url.rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap();
    let (mut receiver, _) = example(&key, port);
    let told = receiver.line("");
    assert!(told.ends_with(&format!(" {id} ok")), "{told}");
    receiver.kill();
}

#[test]
fn what_one_controller_promised_another_one_keeps() {
    let server = Postgres::shared();
    let url = server.url(&server.database());
    let flags = [&NEAR[..], &["--store", &url]].concat();
    let mut cluster = Cluster::with_flags(&flags);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut spec = job("python", "main.py", "");
    spec["callback_url"] = json!(format!("http://{}/done", listener.local_addr().unwrap()));
    let ids = [cluster.submit(&spec), cluster.submit(&spec)];
    cluster.controller().kill();
    cluster.replace_controller(&[&ANY[..], &flags].concat());
    let mut told = ids.clone().map(|id| {
        http::post(&cluster.url(&format!("/jobs/{id}/cancel")), &json!({}));
        let job: Value = serde_json::from_slice(&receive(&listener).1).unwrap();
        assert_eq!(job["verdict"], "cancelled");
        job["id"].as_str().unwrap().to_owned()
    });
    told.sort();
    let mut ids = ids;
    ids.sort();
    assert_eq!(told, ids, "each once");
}

/// One request to this machine, which is answered with 204.
fn receive(listener: &TcpListener) -> (String, Vec<u8>) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let length = header(&head, "content-length").parse().unwrap();
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    TcpStream::write_all(&mut stream, b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    (head, body)
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).unwrap().1
}

/// The lines of docs/callbacks.md that check a signature in a shell.
fn documented_check() -> String {
    let text = std::fs::read_to_string(root().join("docs/callbacks.md")).unwrap();
    let block = text.split("```sh\n").find(|block| block.starts_with("# check")).unwrap();
    block.split("```").next().unwrap().to_owned()
}

#[test]
fn a_shell_checks_a_signature_as_the_documentation_says() {
    let cluster = Cluster::with_flags(&NEAR);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut spec = job("python", "main.py", "");
    spec["callback_url"] = json!(format!("http://{}/done", listener.local_addr().unwrap()));
    let id = cluster.submit(&spec);
    http::post(&cluster.url(&format!("/jobs/{id}/cancel")), &json!({}));
    let (head, body) = receive(&listener);
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&told["id"], &told["verdict"]), (&json!(id), &json!("cancelled")));

    let folder = cluster.folder.path();
    std::fs::write(folder.join("key.txt"), cli(&cluster, &["callback-key", "--cluster"])).unwrap();
    std::fs::write(folder.join("body.json"), &body).unwrap();
    let check = |signature: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &documented_check()]).current_dir(folder).env("SIGNATURE", signature);
        shell.output().unwrap()
    };
    let signature = header(&head, "ruche-signature");
    let said = check(signature);
    assert_eq!(String::from_utf8_lossy(&said.stdout), "genuine\n", "{said:?}");
    let forged = format!("{}0", &signature[..signature.len() - 1]);
    let other = format!("{}1", &signature[..signature.len() - 1]);
    assert!(!check(&forged).status.success() || !check(&other).status.success());
}

/// Takes one callback over TLS.
const ENCRYPTED: &str = "
import http.server, ssl, sys
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(204)
        self.end_headers()
        print('told', flush=True)
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Receiver)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
server.socket = context.wrap_socket(server.socket, server_side=True)
print('port', server.server_port, flush=True)
server.serve_forever()
";

/// A receiver with a certificate for this name, in this file.
fn encrypted(pem: &Path, name: &str) -> (Server, String) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=receiver", "-addext", &format!("subjectAltName=DNS:{name}")])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(pem)
        .arg("-out")
        .arg(pem.with_extension("crt"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let certificate = std::fs::read(pem.with_extension("crt")).unwrap();
    std::fs::OpenOptions::new().append(true).open(pem).unwrap().write_all(&certificate).unwrap();
    let mut receiver = Server::start(Command::new("python3").args(["-c", ENCRYPTED]).arg(pem));
    let port = receiver.line("port");
    (receiver, port)
}

#[test]
fn a_receiver_has_to_prove_who_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let (mut right, right_port) = encrypted(&file("right.pem"), "localhost");
    let (mut misnamed, misnamed_port) = encrypted(&file("misnamed.pem"), "example.org");
    let (mut unknown, unknown_port) = encrypted(&file("unknown.pem"), "localhost");
    let mut believed = std::fs::read(file("right.crt")).unwrap();
    believed.extend(std::fs::read(file("misnamed.crt")).unwrap());
    std::fs::write(file("believed.crt"), believed).unwrap();

    let mut command = Command::new(binary("controller"));
    command.args(ANY).args(NEAR).args(["--store", "memory"]);
    command.env("SSL_CERT_FILE", file("believed.crt")).env("RUCHE_CONTROLLER_DATA_DIR", folder.path());
    let mut controller = Server::start(&mut command);
    let line = controller.line("listening");
    let door = line.split_whitespace().find_map(|pair| pair.strip_prefix("http=")).unwrap();
    let url = |path: &str| format!("http://{door}/api/v1{path}");
    // In this order, and then the right one.
    for port in [&misnamed_port, &unknown_port, &right_port] {
        let mut spec = job("python", "main.py", "");
        spec["callback_url"] = json!(format!("https://localhost:{port}/"));
        let id = http::post(&url("/jobs"), &spec).body["id"].as_str().unwrap().to_owned();
        http::post(&url(&format!("/jobs/{id}/cancel")), &json!({}));
    }
    right.line("told");
    for receiver in [&mut right, &mut misnamed, &mut unknown] {
        receiver.kill();
    }
    assert_eq!(misnamed.rest() + &unknown.rest(), "", "nothing was told to others");
    assert!(controller.stop().success());
}
