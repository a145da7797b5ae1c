//! Whoever speaks something else.

use protocol::client::Response;
use protocol::frame::{Frame, FrameKind};
use protocol::hello::Hello;
use protocol::{Problem, ProblemKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Client, Controller, Peer, program, soon};

/// All that a door says to these bytes, until it hangs up.
async fn reply(address: std::net::SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut reply = Vec::new();
    // A door may reset a connection whose bytes it did not want to read to the end.
    let _ = soon("the door hangs up", stream.read_to_end(&mut reply)).await;
    reply
}

#[tokio::test]
async fn garbage_is_refused_in_words_and_harms_nobody() {
    let controller = Controller::start().await;
    let mut runner = controller.runner("a", 1).await;
    let mut client = controller.client().await;
    let (stream, _) = client.submit(program()).await;
    let too_long = 0x7fff_ffff_u32.to_be_bytes();
    for address in [controller.clients, controller.runners] {
        for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &too_long, &[0, 0, 0, 5, 99, 0, 0, 0, 0]] {
            let reply = reply(address, bytes).await;
            let reply = String::from_utf8_lossy(&reply);
            assert!(reply.contains("refused") && reply.contains("protocol"), "{bytes:?}: {reply}");
        }
    }
    let reply = reply(controller.http, b"\0\x01\x02\r\n\r\n").await;
    assert!(reply.starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&reply));
    runner.run_next("still here").await;
    assert_eq!(client.finished(stream).await.stdout, b"still here");
}

async fn refusal(peer: &mut Peer) -> Problem {
    let frame = peer.next().await.expect("a refusal before it hangs up");
    assert_eq!((frame.kind, frame.stream), (FrameKind::Control, 0));
    let Response::Refused { problem } = frame.parse().unwrap() else { panic!("{frame:?}") };
    assert!(peer.next().await.is_none(), "it hangs up then");
    problem
}

#[tokio::test]
async fn features_that_nobody_knows_are_refused_by_name() {
    let controller = Controller::start().await;
    let hello = Hello { required: vec!["warp".to_owned()], ..Hello::new("test", 1000) };
    for address in [controller.clients, controller.runners] {
        let problem = refusal(&mut Peer::connect(address, &hello).await).await;
        assert_eq!(problem.kind, ProblemKind::Protocol);
        assert!(problem.detail.contains("warp"), "{problem:?}");
    }
}

#[tokio::test]
async fn frames_that_make_no_sense_end_the_connection_and_are_named() {
    let controller = Controller::start().await;
    let hello = Hello::new("test", 10_000);
    for (frame, what) in [
        (Frame::empty(FrameKind::Stdout, 1), "Stdout"),
        (Frame::control(0, &protocol::client::Request::Cluster).unwrap(), "stream 0"),
        (Frame::hello(&hello).unwrap(), "Hello"),
    ] {
        let mut client = Client::connect_as(controller.clients, &hello).await;
        client.peer.send(frame).await;
        let problem = refusal(&mut client.peer).await;
        assert!(problem.detail.contains(what), "{problem:?}");
    }
}

#[tokio::test]
async fn a_request_that_is_none_is_refused_on_its_stream_only() {
    let controller = Controller::start().await;
    let mut client = controller.client().await;
    client.peer.say(7, &serde_json::json!({ "type": "dance" })).await;
    let Response::Refused { problem } = client.response(7).await else { panic!() };
    assert_eq!(problem.kind, ProblemKind::Invalid);
    assert!(matches!(
        client.answer(&protocol::client::Request::Cluster).await,
        Response::Cluster { cluster } if cluster.runners == 0
    ));
}
