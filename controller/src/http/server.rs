//! HTTP connections: how many, and how slow they may be.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::encryption::{Encryption, NotBegun, Stream, turn_away};
use crate::wire::Peer;

/// Connections that may be open at once; others wait to be accepted.
const MAX_CONNECTIONS: usize = 4096;

/// How long the head of a request may take; also how long a connection may idle between two of them.
const HEAD: Duration = Duration::from_secs(30);

/// What somebody is told who does not encrypt.
const ENCRYPTED: &str = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 52\r\n\
                         connection: close\r\n\r\nthis door is encrypted: use https:// in the address\n";

/// Serves until told to stop, and then until the requests that are under way are answered.
pub async fn serve(app: Router, listener: TcpListener, encryption: Encryption, stop: CancellationToken) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let connections = TaskTracker::new();
    let accept = async {
        loop {
            // The semaphore is never closed.
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, address)) => {
                    let begin = Begin { stream, address, encryption: encryption.clone() };
                    connections.spawn(connection(app.clone(), begin, permit, stop.clone()));
                }
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

/// A connection that has been taken and has not begun.
struct Begin {
    stream: TcpStream,
    address: SocketAddr,
    encryption: Encryption,
}

async fn connection(app: Router, begin: Begin, _room: OwnedSemaphorePermit, stop: CancellationToken) {
    let Begin { stream, address, encryption } = begin;
    let begun = tokio::select! {
        begun = encryption.begin(stream) => begun,
        () = stop.cancelled() => return,
    };
    match begun {
        Ok(stream) => talk(app, Peer::of(&stream, address), stream, stop).await,
        Err(NotBegun::Plain(stream)) => turn_away(stream, ENCRYPTED.as_bytes()).await,
        Err(error) => tracing::debug!(%error, "an HTTP connection has not begun"),
    }
}

async fn talk(app: Router, peer: Peer, stream: Stream, stop: CancellationToken) {
    let app = TowerToHyperService::new(app);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        app.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
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
