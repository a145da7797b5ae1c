//! Connecting to a receiver. A name is looked up once for each connection, and only what was looked at is connected to:
//! nobody can answer one address for the check and another for the connection.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use nix::ifaddrs::getifaddrs;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::address::{Network, may_reach_from};
use super::target::Target;

/// The most addresses of one name that are tried, and how long each may take.
const ADDRESSES: usize = 4;
const PATIENCE: Duration = Duration::from_secs(4);

/// Why nobody was reached.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name is not known.
    #[error("its name cannot be looked up: {0}")]
    Name(#[source] io::Error),
    /// All its addresses are such as callbacks do not go to.
    #[error("it is at no address of the public internet, and at none that the operator allows")]
    Forbidden,
    /// It cannot be told which addresses are this host's, and so not to be reached.
    #[error("the addresses of the controller's host cannot be read: {0}")]
    Host(#[source] io::Error),
    /// Nobody answers there.
    #[error("it cannot be connected to: {0}")]
    Connect(#[source] io::Error),
    /// It does not prove that it is who it is called.
    #[error("it cannot be talked to in confidence: {0}")]
    Tls(#[source] io::Error),
    /// The controller's host has no list of authorities.
    #[error("no certificate authorities are known on the controller's host: install ca-certificates there")]
    NoAuthorities,
}

/// A connection, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type Answer = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Finds the addresses of a name.
pub type Resolve = Arc<dyn Fn(String, u16) -> Answer + Send + Sync>;

/// Connects to receivers.
pub struct Dialer {
    allowed: Vec<Network>,
    resolve: Resolve,
    tls: OnceCell<TlsConnector>,
}

impl Dialer {
    /// One that looks names up as this host does.
    pub fn new(allowed: Vec<Network>) -> Self {
        Self::resolving(allowed, Arc::new(|name, port| Box::pin(look_up(name, port))))
    }

    /// One that looks names up so.
    pub fn resolving(allowed: Vec<Network>, resolve: Resolve) -> Self {
        Self { allowed, resolve, tls: OnceCell::new() }
    }

    /// Connects, and makes sure of who is there where the address says so.
    ///
    /// # Errors
    /// Why not.
    pub async fn dial(&self, target: &Target) -> Result<Box<dyn Stream>, DialError> {
        let stream = self.connect(target).await?;
        if !target.is_encrypted() {
            return Ok(Box::new(stream));
        }
        let name =
            ServerName::try_from(target.name()).map_err(|error| DialError::Tls(io::Error::other(error)))?;
        let tls = self.tls.get_or_try_init(connector).await?;
        Ok(Box::new(tls.connect(name, stream).await.map_err(DialError::Tls)?))
    }

    async fn connect(&self, target: &Target) -> Result<TcpStream, DialError> {
        let found = match target.address() {
            Some(address) => vec![SocketAddr::new(address, target.port())],
            None => (self.resolve)(target.name(), target.port()).await.map_err(DialError::Name)?,
        };
        let own = own_addresses().map_err(DialError::Host)?;
        let reachable = found.into_iter().filter(|address| may_reach_from(&own, address.ip(), &self.allowed));
        let mut failure = DialError::Forbidden;
        for address in reachable.take(ADDRESSES) {
            match timeout(PATIENCE, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failure = DialError::Connect(error),
                Err(_) => failure = DialError::Connect(io::ErrorKind::TimedOut.into()),
            }
        }
        Err(failure)
    }
}

async fn look_up(name: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name, port)).await?.collect())
}

/// The addresses that this host has now, on all its interfaces.
fn own_addresses() -> io::Result<Vec<IpAddr>> {
    let found = getifaddrs()?.filter_map(|interface| {
        let address = interface.address?;
        let four = address.as_sockaddr_in().map(|address| address.ip().into());
        four.or_else(|| address.as_sockaddr_in6().map(|address| address.ip().into()))
    });
    Ok(found.collect())
}

/// Believes whom this host believes. Read when it is first needed.
async fn connector() -> Result<TlsConnector, DialError> {
    let roots = tokio::task::spawn_blocking(|| {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        roots
    });
    let roots = roots.await.map_err(|error| DialError::Tls(io::Error::other(error)))?;
    if roots.is_empty() {
        return Err(DialError::NoAuthorities);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| DialError::Tls(io::Error::other(error)))?;
    Ok(TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::net::TcpListener;

    use super::*;

    /// A dialer that may reach 127.0.0.2 alone, and whose names are there the first time and at 127.0.0.1 from then on.
    fn rebound(lookups: &Arc<AtomicUsize>) -> Dialer {
        let counted = Arc::clone(lookups);
        let resolve: Resolve = Arc::new(move |_, port| {
            let last = if counted.fetch_add(1, Ordering::Relaxed) == 0 { 2 } else { 1 };
            Box::pin(async move { Ok(vec![SocketAddr::from(([127, 0, 0, last], port))]) })
        });
        Dialer::resolving(vec!["127.0.0.2".parse().unwrap()], resolve)
    }

    #[tokio::test]
    async fn what_is_connected_to_is_what_was_looked_at() {
        let there = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let port = there.local_addr().unwrap().port();
        let inside = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let lookups = Arc::default();
        let dialer = rebound(&lookups);
        let target = Target::read(&format!("http://rebound.example:{port}/")).unwrap();

        dialer.dial(&target).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(lookups.load(Ordering::Relaxed), 1, "there is no second lookup");
        there.accept().await.unwrap();
        assert!(matches!(dialer.dial(&target).await.err(), Some(DialError::Forbidden)));
        let nobody = timeout(Duration::from_millis(50), inside.accept()).await;
        assert!(nobody.is_err(), "it was not even connected to");
    }

    #[tokio::test]
    async fn of_several_addresses_the_allowed_ones_are_tried() {
        let there = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let port = there.local_addr().unwrap().port();
        let resolve: Resolve = Arc::new(|_, port| {
            let found = [[127, 0, 0, 1], [10, 0, 0, 1], [127, 0, 0, 2]];
            Box::pin(async move { Ok(found.map(|ip| SocketAddr::from((ip, port))).to_vec()) })
        });
        let dialer = Dialer::resolving(vec!["127.0.0.2".parse().unwrap()], resolve);
        let target = Target::read(&format!("http://several.example:{port}/")).unwrap();
        dialer.dial(&target).await.unwrap_or_else(|error| panic!("{error}"));
        there.accept().await.unwrap();
    }

    #[test]
    fn the_hosts_own_addresses_are_known() {
        let own = own_addresses().unwrap();
        assert!(own.contains(&IpAddr::from([127, 0, 0, 1])), "{own:?}");
        // What other hosts would see of this one, where there are any: asking sends nothing.
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        if socket.connect("8.8.8.8:9").is_ok() {
            assert!(own.contains(&socket.local_addr().unwrap().ip()), "{own:?}");
        }
    }

    #[tokio::test]
    async fn written_out_addresses_and_names_of_this_machine_are_forbidden() {
        let dialer = Dialer::new(Vec::new());
        for url in ["http://127.0.0.1:9/", "http://[::1]:9/", "http://localhost:9/", "https://localhost:9/"] {
            let failure = dialer.dial(&Target::read(url).unwrap()).await.err();
            assert!(matches!(failure, Some(DialError::Forbidden)), "{url}: {failure:?}");
        }
    }
}
