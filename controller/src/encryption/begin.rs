//! The beginning of one connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::Encryption;
use crate::doors::hang_up;
use crate::identity::certificate::RunnerCertificate;

/// How long a peer may take to begin.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long a peer that is turned away may take to read why.
const FAREWELL: Duration = Duration::from_secs(2);

/// The first byte of TLS: a record of its handshake. No frame begins so, and no request.
const TLS_HANDSHAKE: u8 = 0x16;

/// A connection that has begun.
#[derive(Debug)]
pub enum Stream {
    /// Anybody on the way can read it.
    Plain(TcpStream),
    /// Nobody can.
    Encrypted(Box<TlsStream<TcpStream>>),
}

/// Why a connection has not begun.
#[derive(Debug, thiserror::Error)]
pub enum NotBegun {
    /// The peer does not encrypt. It may be told so, in plain.
    #[error("the peer does not encrypt (TLS), and at this door everybody has to")]
    Plain(TcpStream),
    /// It took too long.
    #[error("the peer did not begin TLS within {} s", HANDSHAKE.as_secs())]
    Slow,
    /// It failed.
    #[error("TLS failed: {0}")]
    Failed(#[from] io::Error),
}

impl Encryption {
    /// Begins a connection. In plain there is nothing to be done.
    ///
    /// # Errors
    /// Where the peer does not do its part, or not soon.
    pub async fn begin(&self, stream: TcpStream) -> Result<Stream, NotBegun> {
        let Some(acceptor) = &self.0 else { return Ok(Stream::Plain(stream)) };
        let handshake = async {
            let mut first = [0];
            if stream.peek(&mut first).await? == 1 && first[0] != TLS_HANDSHAKE {
                return Err(NotBegun::Plain(stream));
            }
            Ok(Stream::Encrypted(Box::new(acceptor.accept(stream).await?)))
        };
        timeout(HANDSHAKE, handshake).await.unwrap_or(Err(NotBegun::Slow))
    }
}

/// Tells a peer that does not encrypt why nobody talks to it, and closes the connection.
pub async fn turn_away(stream: TcpStream, why: &[u8]) {
    hang_up(stream, why, FAREWELL).await;
}

impl Stream {
    /// The certificate that the peer has shown, signed by the cluster's authority.
    pub fn certificate(&self) -> Option<RunnerCertificate> {
        let Self::Encrypted(stream) = self else { return None };
        let (_, session) = stream.get_ref();
        RunnerCertificate::read(session.peer_certificates()?.first()?)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Encrypted(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Encrypted(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
            Self::Encrypted(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Encrypted(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Encrypted(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Encrypted(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
