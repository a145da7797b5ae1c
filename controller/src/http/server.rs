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

use super::shield;
use crate::doors::{Door, Patient, Place, notice_vanishing};

/// How long the head of a request may take; also how long a connection may idle between two of them.
const HEAD: Duration = Duration::from_secs(30);

/// How large the head of a request may be, in bytes. It has at most 100 headers, which is hyper's own limit.
const MAX_HEAD: usize = 32 * 1024;

/// How much of a request is read before it is asked for, in bytes.
const BUFFER: usize = 64 * 1024;

/// How long a client may leave its answer unread.
const STALLED: Duration = Duration::from_secs(30);

/// How many requests a connection serves before its client has to come in anew.
const MAX_REQUESTS: u32 = 10_000;

/// Serves until told to stop, and then until the requests that are under way are answered.
pub async fn serve(app: Router, listener: TcpListener, door: Door, stop: CancellationToken) {
    let connections = TaskTracker::new();
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => enter(&app, (stream, peer), &door, &connections, &stop),
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
    (stream, peer): (TcpStream, SocketAddr),
    door: &Door,
    connections: &TaskTracker,
    stop: &CancellationToken,
) {
    match door.enter(peer) {
        Ok(place) => {
            connections.spawn(connection(app.clone(), stream, place, stop.child_token()));
        }
        Err(full) => door.turn_away(stream, shield::no_room(&full), connections),
    }
}

async fn connection(app: Router, stream: TcpStream, place: Arc<Place>, stop: CancellationToken) {
    notice_vanishing(&stream);
    let (app, left, last) = (TowerToHyperService::new(app), AtomicU32::new(MAX_REQUESTS), stop.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            last.cancel();
        }
        request.extensions_mut().insert(Arc::clone(&place));
        app.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_header_size(MAX_HEAD).max_buf_size(BUFFER);
    let stream = TokioIo::new(Patient::new(stream, STALLED));
    let mut connection = std::pin::pin!(http.serve_connection(stream, service));
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
