//! Taking connections in: each begins, and is served, in a task of its own, so that a slow one holds up nobody.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use protocol::{Problem, ProblemKind};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Link, WireError, no_room, said};
use crate::doors::Door;
use crate::encryption::{Encryption, NotBegun, Stream, turn_away};
use crate::identity::certificate::RunnerCertificate;

/// Who is at the other end of a connection, as far as the connection itself tells.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether nobody in between can read along.
    pub encrypted: bool,
    /// The runner that it has proved to be, with a certificate of the cluster.
    pub runner: Option<RunnerCertificate>,
}

impl Peer {
    /// Whoever connected from there, in plain text.
    pub fn plain(address: SocketAddr) -> Self {
        Self { address, encrypted: false, runner: None }
    }

    /// Whoever is at the other end of this connection, which came from there.
    pub fn of(stream: &Stream, address: SocketAddr) -> Self {
        match stream {
            Stream::Plain(_) => Self::plain(address),
            Stream::Encrypted(_) => Self { address, encrypted: true, runner: stream.certificate() },
        }
    }
}

/// Takes in whom the door has room for until told to stop, and serves each in a task of its own.
pub async fn accept<S>(
    listener: TcpListener,
    (door, encryption): (Door, Encryption),
    sessions: TaskTracker,
    stop: CancellationToken,
    serve: impl Fn(Link, Peer, CancellationToken) -> S + Send + Sync + 'static,
) where
    S: Future<Output = Result<(), WireError>> + Send + 'static,
{
    let serve = Arc::new(serve);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                // Out of descriptors, mostly: others have to close first.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let place = match door.enter(address) {
            Ok(place) => place,
            Err(full) => {
                // Who encrypts would not understand it.
                if !encryption.is_on() {
                    door.turn_away(stream, no_room(&full), &sessions);
                }
                continue;
            }
        };
        let (serve, encryption, stop) = (Arc::clone(&serve), encryption.clone(), stop.clone());
        sessions.spawn(async move {
            let begun = tokio::select! {
                begun = begin(&encryption, stream, address) => begun,
                () = stop.cancelled() => return,
            };
            let ended = match begun {
                Ok((link, peer)) => serve(link.at(place), peer, stop).await,
                Err(error) => Err(error),
            };
            match ended {
                Ok(()) | Err(WireError::Closed) => {}
                Err(error) => tracing::info!(peer = %address, %error, "a connection has ended"),
            }
        });
    }
}

async fn begin(
    encryption: &Encryption,
    stream: TcpStream,
    address: SocketAddr,
) -> Result<(Link, Peer), WireError> {
    // Where this fails the connection is gone, as the first read tells.
    let _ = stream.set_nodelay(true);
    match encryption.begin(stream).await {
        Ok(stream) => {
            let peer = Peer::of(&stream, address);
            Ok((stream.into(), peer))
        }
        Err(NotBegun::Plain(stream)) => {
            let detail = "this door is encrypted (TLS): `cli login HOST` and `runner join HOST:PORT TOKEN` \
                          prepare clients and runners for it";
            let problem = Problem::new(ProblemKind::Protocol, detail);
            turn_away(stream, &said(&problem)).await;
            Err(WireError::Protocol(problem))
        }
        Err(error) => Err(WireError::Connection(std::io::Error::other(error.to_string()))),
    }
}
