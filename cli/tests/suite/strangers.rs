//! Peers that are no controller, and commands that never get so far.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use protocol::client::Response;
use protocol::frame::Frame;
use protocol::hello::Hello;
use protocol::{Problem, ProblemKind};

use crate::support::*;

/// What the command says about a peer that answers with these bytes and hangs up.
fn says(answer: Vec<u8>) -> String {
    let controller = FakeController::raw(move |listener| {
        let (mut stream, _) = listener.accept().unwrap();
        // What the client sent is read first: closing over unread bytes would reset the connection.
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(&answer).unwrap();
    });
    let end = cli(&controller.address, &["status"]).finish();
    let address = controller.address.clone();
    controller.end();
    assert_eq!((end.code, end.stderr.lines().count()), (Some(127), 1), "{}", end.stderr);
    end.stderr.replace(&address, "HERE")
}

fn hello(hello: &Hello) -> Vec<u8> {
    let mut bytes = bytes::BytesMut::new();
    Frame::hello(hello).unwrap().encode(&mut bytes).unwrap();
    bytes.to_vec()
}

#[test]
fn a_peer_that_is_no_controller_is_told_apart() {
    let http = says(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
    assert!(
        http.contains("HERE is not a Ruche controller: it speaks HTTP; give the port for jobs"),
        "{http}"
    );
    let ssh = says(b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec());
    assert!(ssh.contains("HERE is not a Ruche controller: it speaks another protocol"), "{ssh}");
    let hung_up = says(vec![]);
    assert!(hung_up.contains("HERE is not a Ruche controller: it closed the connection"), "{hung_up}");
}

#[test]
fn another_version_of_the_protocol_is_named() {
    let newer = says(hello(&Hello { protocol: 9, ..Hello::new("ruche", 1000) }));
    assert!(newer.contains("protocol 1, not 9"), "{newer}");
    let demanding = says(hello(&Hello { required: vec!["warp".into()], ..Hello::new("ruche", 1000) }));
    assert!(demanding.contains("warp"), "{demanding}");
}

#[test]
fn a_connection_that_is_refused_as_a_whole_says_why() {
    let controller = FakeController::start(|client| {
        let problem = Problem::new(ProblemKind::Draining, "the controller is shutting down");
        client.respond(0, &Response::Refused { problem });
        while client.read().is_some() {}
    });
    let end = cli(&controller.address, &["run", "main.py"]).finish();
    controller.end();
    assert_eq!(end.code, Some(125));
    assert_eq!(end.stderr, "error: refused: the controller is shutting down\n");
}

#[test]
fn nobody_at_the_address_is_one_clear_line() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let end = cli(&address, &["run", "main.py"]).finish();
    assert_eq!(end.code, Some(127));
    assert_eq!(
        end.stderr,
        format!(
            "error: no controller answers at {address} (connection refused): is it running? \
             give its address with --master HOST:PORT\n"
        )
    );
}

#[test]
fn files_that_cannot_be_sent_are_one_clear_line() {
    let says = |arguments: &[&str]| {
        let end = cli("127.0.0.1:1", &[&["run"], arguments].concat()).finish();
        assert_eq!(end.code, Some(2));
        end.stderr
    };
    assert_eq!(says(&["none.py"]), "error: none.py: there is no such file\n");
    assert_eq!(says(&["main.py", "--stdin", "."]), "error: .: this is a folder: give a file\n");
    let end = cli("127.0.0.1:1", &["run", "main.py", "--main", "other.py"]).finish();
    assert_eq!((end.code, end.stderr.contains("other.py is none of the files")), (Some(2), true));
}

#[test]
fn a_controller_that_breaks_the_protocol_is_no_crash() {
    let controller = FakeController::start(|client| {
        client.start_job();
        client.send_bytes(&[0, 0, 0, 5, 99, 0, 0, 0, 1]);
    });
    let end = cli(&controller.address, &["run", "main.py"]).finish();
    controller.end();
    assert_eq!(end.code, Some(127));
    assert!(end.stderr.contains("broke the protocol: unknown frame kind 99"), "{}", end.stderr);
}
