//! What a door takes on, and from whom.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::client::{Request, Response};
use protocol::frame::{Frame, FrameCodec, FrameKind};
use protocol::hello::Hello;
use protocol::{Content, Problem, ProblemKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::codec::Framed;

use crate::support::{Client, Controller, Peer, program, soon};

/// Everything that a door says to somebody who says nothing.
async fn hear(address: std::net::SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut heard = Vec::new();
    soon("the door hangs up", stream.read_to_end(&mut heard)).await.unwrap();
    String::from_utf8_lossy(&heard).into_owned()
}

#[tokio::test]
async fn whoever_comes_when_a_door_is_full_hears_why_and_comes_in_when_somebody_has_left() {
    let controller = Controller::start_with(|config| {
        config.doors.clients.connections_per_address = 2;
        config.doors.runners.connections = 2;
    })
    .await;
    for (address, why) in [
        (controller.clients, "your address has 2 connections open"),
        (controller.runners, "this controller has 2 connections open"),
        (controller.http, "your address has 2 connections open"),
    ] {
        let inside = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
        let heard = hear(address).await;
        assert!(heard.contains(why) && heard.contains("\"busy\""), "{heard}");
        if address == controller.http {
            assert!(
                heard.starts_with("HTTP/1.1 503 ") && heard.contains("\r\nretry-after: 1\r\n"),
                "{heard}"
            );
        }
        drop(inside);
    }
    let answered = async {
        while controller.http().send("GET", "/healthz", "", "").await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    soon("there is room again", answered).await;
}

/// Announces a job of so many bytes without sending them. Returns the refusal, where there is one.
async fn announce(client: &mut Client, bytes: u64) -> Option<Problem> {
    let mut spec = program();
    spec.files[0].content = Content::Detached(bytes);
    client.peer.say(1, &serde_json::json!({ "type": "submit", "spec": spec })).await;
    // Answered after it, so that a refusal would be here.
    client.peer.say(2, &Request::Cluster).await;
    let frame = client.peer.next().await.unwrap();
    match frame.parse().unwrap() {
        Response::Refused { problem } => Some(problem),
        _ => None,
    }
}

#[tokio::test]
async fn what_is_announced_takes_room_until_its_client_has_gone() {
    let controller =
        Controller::start_with(|config| config.doors.clients.bytes_per_address = 1_000_000).await;
    let mut first = controller.client().await;
    assert_eq!(announce(&mut first, 900_000).await, None);
    let refused = announce(&mut controller.client().await, 900_000).await.unwrap();
    assert_eq!((refused.kind, refused.retry_after), (ProblemKind::Busy, Some(1)));
    assert_eq!(announce(&mut controller.client().await, 90_000).await, None);
    drop(first);
    soon("there is room again", async {
        while announce(&mut controller.client().await, 900_000).await.is_some() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn contents_that_do_not_come_are_not_waited_for() {
    let controller = Controller::start().await;
    let mut client = controller.client().await;
    assert_eq!(announce(&mut client, 900_000).await, None);
    let frame = client.peer.next_within(Duration::from_secs(30)).await.unwrap();
    let Response::Refused { problem } = frame.parse().unwrap() else { panic!("{frame:?}") };
    assert!(frame.stream == 1 && problem.detail.contains("too slowly"), "{problem:?}");
    assert_eq!(announce(&mut controller.client().await, 900_000).await, None);
}

#[tokio::test]
async fn a_peer_that_pings_instead_of_greeting_is_sent_away() {
    let controller = Controller::start().await;
    let ping = Frame::empty(FrameKind::Ping, 0);
    for address in [controller.clients, controller.runners] {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut framed = Framed::new(stream, FrameCodec);
        soon("it is sent away", async {
            while framed.send(ping.clone()).await.is_ok() {
                if tokio::time::timeout(Duration::from_millis(200), framed.next())
                    .await
                    .is_ok_and(|frame| frame.is_none())
                {
                    return;
                }
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_runner_that_does_not_say_what_it_is_is_sent_away() {
    let controller = Controller::start().await;
    let mut peer = Peer::connect(controller.runners, &Hello::new("test", 10_000)).await;
    // It is kept company: what it is sent away for is that it does not register.
    assert!(peer.next().await.is_none());
}

#[tokio::test]
async fn a_head_has_an_end() {
    let controller = Controller::start().await;
    let many = "x: y\r\n".repeat(101);
    let long = format!("x: {}\r\n", "y".repeat(40_000));
    for headers in [many, long] {
        assert_eq!(controller.http().send("GET", "/healthz", &headers, "").await.status, 431);
    }
}

#[tokio::test]
async fn a_body_that_drips_is_not_waited_for() {
    let controller = Controller::start().await;
    let mut stream = TcpStream::connect(controller.http).await.unwrap();
    let head = "POST /api/v1/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 1000\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut reply = String::new();
    soon("it is answered", stream.read_to_string(&mut reply)).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 408 ") && reply.contains("too slowly"), "{reply}");
}
