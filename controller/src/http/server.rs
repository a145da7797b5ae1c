//! HTTP connections: how many, how slow they may be, and how much of their requests is read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::shield;
use crate::doors::{Door, Patient, Place, notice_vanishing};
use crate::encryption::{Encryption, NotBegun, Stream, turn_away};
use crate::wire::Peer;

/// How long the head of a request may take; also how long a connection may idle between two of them.
const HEAD: Duration = Duration::from_secs(30);

/// What somebody is told who does not encrypt.
const ENCRYPTED: &str = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 52\r\n\
                         connection: close\r\n\r\nthis door is encrypted: use https:// in the address\n";

/// How large the head of a request may be, in bytes. It has at most 100 headers, which is hyper's own limit.
const MAX_HEAD: usize = 32 * 1024;

/// How much of a request is read before it is asked for, in bytes.
const BUFFER: usize = 64 * 1024;

/// How long a client may leave its answer unread.
const STALLED: Duration = Duration::from_secs(30);

/// How many requests a connection serves before its client has to come in anew.
const MAX_REQUESTS: u32 = 10_000;

/// Serves until told to stop, and then until the requests that are under way are answered.
pub async fn serve(app: Router, listener: TcpListener, door: (Door, Encryption), stop: CancellationToken) {
    let (door, encryption) = door;
    let connections = TaskTracker::new();
    let accept = async {
        loop {
            match listener.accept().await {
                Ok(accepted) => enter(&app, accepted, (&door, &encryption), &connections, &stop),
                Err(error) => {
                    tracing::warn!(%error, "an HTTP connection cannot be accepted");
                    // Out of descriptors, mostly: others have to close first.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    };
    tokio::select! {
        () = accept => {}
        () = stop.cancelled() => {}
    }
    connections.close();
    connections.wait().await;
}

fn enter(
    app: &Router,
    (stream, address): (TcpStream, SocketAddr),
    (door, encryption): (&Door, &Encryption),
    connections: &TaskTracker,
    stop: &CancellationToken,
) {
    match door.enter(address) {
        Ok(place) => {
            let visit = Visit { place, stop: stop.clone(), _open: connections.token() };
            let begin = Begin { stream, address, visit, encryption: encryption.clone() };
            connections.spawn(connection(app.clone(), begin));
        }
        // Who encrypts would not understand it.
        Err(_) if encryption.is_on() => {}
        Err(full) => door.turn_away(stream, shield::no_room(&full), connections),
    }
}

/// A connection that has been taken and has not begun.
struct Begin {
    stream: TcpStream,
    address: SocketAddr,
    visit: Visit,
    encryption: Encryption,
}

/// A connection's stay, which may outlast HTTP on it: whoever goes on talking over it keeps this. It has its place, and
/// the server waits for its end.
#[derive(Debug, Clone)]
pub struct Visit {
    place: Arc<Place>,
    /// Told when the server stops.
    pub stop: CancellationToken,
    _open: TaskTrackerToken,
}

async fn connection(app: Router, begin: Begin) {
    let Begin { stream, address, visit, encryption } = begin;
    notice_vanishing(&stream);
    let begun = tokio::select! {
        begun = encryption.begin(stream) => begun,
        () = visit.stop.cancelled() => return,
    };
    match begun {
        Ok(stream) => talk(app, Peer::of(&stream, address), visit, stream).await,
        Err(NotBegun::Plain(stream)) => turn_away(stream, ENCRYPTED.as_bytes()).await,
        Err(error) => tracing::debug!(%error, "an HTTP connection has not begun"),
    }
}

async fn talk(app: Router, peer: Peer, visit: Visit, stream: Stream) {
    let stop = visit.stop.child_token();
    let (app, left, last) = (TowerToHyperService::new(app), AtomicU32::new(MAX_REQUESTS), stop.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            last.cancel();
        }
        request.extensions_mut().insert(peer.clone());
        request.extensions_mut().insert(Arc::clone(&visit.place));
        request.extensions_mut().insert(visit.clone());
        app.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_header_size(MAX_HEAD).max_buf_size(BUFFER);
    let stream = TokioIo::new(Patient::new(stream, STALLED));
    let mut connection = std::pin::pin!(http.serve_connection(stream, service).with_upgrades());
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP connection has ended");
    }
}
