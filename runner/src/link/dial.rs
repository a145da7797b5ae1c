//! Bytes to and from a controller, encrypted where this host has joined its cluster.

use protocol::frame::FrameCodec;
use protocol::tls::{Certificate, server_name};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::codec::{FramedRead, FramedWrite};

use super::{GREETING_TIMEOUT, LinkError};
use crate::membership::Encryption;

/// What comes over a link.
pub type Incoming = FramedRead<Box<dyn AsyncRead + Send + Unpin>, FrameCodec>;

/// What goes out over it.
pub type Sink = FramedWrite<Box<dyn AsyncWrite + Send + Unpin>, FrameCodec>;

/// A connection that nothing has been said over yet.
pub struct Wire {
    /// What comes.
    pub incoming: Incoming,
    /// What goes.
    pub sink: Sink,
    /// The certificates that the controller has shown; none where nothing is encrypted.
    pub shown: Vec<Certificate<'static>>,
}

/// Connects, and encrypts as this says.
pub async fn dial(controller: &str, encryption: Option<Encryption>) -> Result<Wire, LinkError> {
    timeout(GREETING_TIMEOUT, connect(controller, encryption)).await.map_err(|_| LinkError::NoAnswer)?
}

async fn connect(controller: &str, encryption: Option<Encryption>) -> Result<Wire, LinkError> {
    let stream = TcpStream::connect(controller).await?;
    stream.set_nodelay(true)?;
    let Some(config) = encryption else {
        let (read, write) = stream.into_split();
        return Ok(framed(Box::new(read), Box::new(write), Vec::new()));
    };
    let host = controller.rsplit_once(':').map_or(controller, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TlsConnector::from(config).connect(server_name(host), stream).await?;
    let shown = stream.get_ref().1.peer_certificates().unwrap_or_default().to_vec();
    let (read, write) = tokio::io::split(stream);
    Ok(framed(Box::new(read), Box::new(write), shown))
}

fn framed(
    read: Box<dyn AsyncRead + Send + Unpin>,
    write: Box<dyn AsyncWrite + Send + Unpin>,
    shown: Vec<Certificate<'static>>,
) -> Wire {
    Wire { incoming: FramedRead::new(read, FrameCodec), sink: FramedWrite::new(write, FrameCodec), shown }
}
