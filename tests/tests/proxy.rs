//! The proxy that breaks on command, by itself.

#![allow(clippy::unwrap_used, reason = "a test helper may fail its test")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use tests::proxy::{Cut, Fault, Proxy, Way, Whom};
use tests::wait_until;

/// How long nothing has to come before it counts as held up.
const SILENCE: Duration = Duration::from_millis(200);

/// A server that takes connections, and a proxy that leads to it.
struct Line {
    server: TcpListener,
    proxy: Proxy,
}

impl Line {
    fn new() -> Self {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::new(server.local_addr().unwrap());
        Self { server, proxy }
    }

    /// Both ends of a new connection: the client's, then the server's.
    fn connect(&self) -> (TcpStream, TcpStream) {
        let before = self.proxy.connections();
        let client = TcpStream::connect(self.proxy.address()).unwrap();
        let (server, _) = self.server.accept().unwrap();
        wait_until("the proxy to know of the connection", || {
            self.proxy.connections().into_iter().find(|connection| !before.contains(connection))
        });
        for stream in [&client, &server] {
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        }
        (client, server)
    }
}

/// Says a word and looks whether it is heard.
fn passes(mut from: &TcpStream, to: &TcpStream) -> bool {
    from.write_all(b"word").unwrap();
    hears(to)
}

fn hears(mut to: &TcpStream) -> bool {
    let patience = to.read_timeout().unwrap();
    to.set_read_timeout(Some(SILENCE)).unwrap();
    let mut word = [0; 4];
    let heard = to.read_exact(&mut word);
    to.set_read_timeout(patience).unwrap();
    heard.is_ok()
}

fn listens(mut to: &TcpStream) -> io::Result<usize> {
    to.read(&mut [0; 16])
}

#[test]
fn a_whole_proxy_carries_both_ways_and_passes_ends_on() {
    let line = Line::new();
    let (client, server) = line.connect();
    assert!(passes(&client, &server) && passes(&server, &client));
    client.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(listens(&server).unwrap(), 0);
    assert!(passes(&server, &client), "the other way goes on");
    drop(server);
    assert_eq!(listens(&client).unwrap(), 0);
    wait_until("the connection to be forgotten", || line.proxy.connections().is_empty().then_some(()));
}

#[test]
fn a_cut_ends_both_sides_as_it_is_told_to() {
    let line = Line::new();
    let (client, server) = line.connect();
    line.proxy.cut(Whom::All, Cut::Finish);
    assert_eq!((listens(&client).unwrap(), listens(&server).unwrap()), (0, 0));

    let (client, server) = line.connect();
    line.proxy.cut(Whom::All, Cut::Reset);
    for side in [&client, &server] {
        assert_eq!(listens(side).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    let (client, server) = line.connect();
    assert!(passes(&client, &server), "new connections are taken");
}

#[test]
fn a_stall_holds_up_one_way_or_both_until_it_is_healed() {
    let line = Line::new();
    let (client, server) = line.connect();
    line.proxy.fail(Whom::All, Fault::Stall(Some(Way::ToClient)));
    assert!(passes(&client, &server));
    assert!(!passes(&server, &client));
    line.proxy.fail(Whom::All, Fault::Stall(None));
    assert!(!passes(&client, &server));
    let (late, other) = line.connect();
    assert!(!passes(&late, &other), "a new connection is held up, too");
    line.proxy.heal(Whom::All);
    assert!(hears(&server) && hears(&client) && hears(&other), "nothing was lost");
}

#[test]
fn a_connection_may_suffer_alone() {
    let line = Line::new();
    let (one, one_server) = line.connect();
    let (other, other_server) = line.connect();
    let first = line.proxy.connections()[0];
    line.proxy.fail(Whom::One(first), Fault::Stall(None));
    assert!(!passes(&one, &one_server));
    assert!(passes(&other, &other_server));
    line.proxy.cut(Whom::One(first), Cut::Reset);
    assert!(listens(&one).is_err());
    assert!(passes(&other, &other_server));
}

#[test]
fn drips_and_delays_take_their_time() {
    let line = Line::new();
    let (mut client, mut server) = line.connect();
    let mut took = |fault| {
        line.proxy.fail(Whom::All, fault);
        let since = Instant::now();
        client.write_all(&[1; 100]).unwrap();
        server.read_exact(&mut [0; 100]).unwrap();
        since.elapsed()
    };
    assert!(took(Fault::Drip(200)) > Duration::from_millis(400), "100 bytes at 200 a second");
    assert!(took(Fault::Delay(Duration::from_millis(300))) >= Duration::from_millis(300));
    assert!(took(Fault::Drip(1 << 20)) < Duration::from_millis(300));
}

#[test]
fn whoever_writes_to_somebody_who_does_not_read_is_cut_too() {
    let line = Line::new();
    let (mut client, server) = line.connect();
    client.set_write_timeout(Some(SILENCE)).unwrap();
    while client.write(&[0; 1 << 16]).is_ok() {}
    line.proxy.cut(Whom::All, Cut::Reset);
    wait_until("the writer to notice", || {
        client.write(&[0; 1]).err().map(|error| error.kind()).filter(|kind| *kind != ErrorKind::WouldBlock)
    });
    drop(server);
}

#[test]
fn where_nobody_answers_whoever_connects_is_hung_up_on() {
    let line = Line::new();
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    line.proxy.lead_to(nowhere);
    let client = TcpStream::connect(line.proxy.address()).unwrap();
    assert!(matches!(listens(&client), Ok(0) | Err(_)));
    line.proxy.lead_to(line.server.local_addr().unwrap());
    let (client, server) = line.connect();
    assert!(passes(&client, &server));
}
