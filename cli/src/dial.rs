//! Bytes to and from a controller, encrypted or not.

use std::io;
use std::sync::Arc;

use protocol::tls::{self, Certificate, TlsFailure, Trust};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::failure::{Failure, Unreachable};
use crate::settings::Master;
use crate::trust::Carriage;

/// What comes.
pub type Reader = Box<dyn AsyncRead + Send + Unpin>;
/// What goes.
pub type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// A connection that nothing has been said over yet.
pub struct Wire {
    /// What comes.
    pub reader: Reader,
    /// What goes.
    pub writer: Writer,
    /// The certificates that the controller has shown, its own first; none in plain.
    pub shown: Vec<Certificate<'static>>,
}

/// Connects.
pub async fn dial(master: &Master, carriage: Carriage) -> Result<Wire, Failure> {
    let unreachable = |why| Failure::Unreachable(master.clone(), why);
    let stream = connect(master).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(|error| unreachable(Unreachable::Failed(error)))?;
    match carriage {
        Carriage::Plain => {
            let (reader, writer) = stream.into_split();
            Ok(Wire { reader: Box::new(reader), writer: Box::new(writer), shown: Vec::new() })
        }
        Carriage::Encrypted(trust) => encrypt(master, trust, stream).await,
    }
}

async fn connect(master: &Master) -> Result<TcpStream, Unreachable> {
    let addresses = tokio::net::lookup_host((master.host.as_str(), master.port)).await;
    let mut failure = Unreachable::Unresolved;
    for address in addresses.map_err(|_| Unreachable::Unresolved)? {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = Unreachable::Failed(error),
        }
    }
    Err(failure)
}

async fn encrypt(master: &Master, trust: Trust, stream: TcpStream) -> Result<Wire, Failure> {
    let failed = |why| Failure::Tls(master.clone(), why);
    let config = tls::client(trust, None).map_err(|error| failed(TlsFailure::Other(error.to_string())))?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(tls::server_name(&master.host), stream).await;
    let stream = stream.map_err(|error| match TlsFailure::of(&error) {
        Some(why) => failed(why),
        None => broken(master, error),
    })?;
    let shown = stream.get_ref().1.peer_certificates().unwrap_or_default().to_vec();
    let (reader, writer) = tokio::io::split(stream);
    Ok(Wire { reader: Box::new(reader), writer: Box::new(writer), shown })
}

/// A connection that ended while it was being encrypted.
fn broken(master: &Master, error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Failure::Tls(master.clone(), TlsFailure::NotEncrypted),
        _ => Failure::Unreachable(master.clone(), Unreachable::Failed(error)),
    }
}
