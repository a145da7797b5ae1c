//! How connections begin at the doors: in plain, or with TLS 1.3.

mod begin;
mod certificates;
mod names;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::{ResolvesServerCert, WebPkiClientVerifier};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{Error, RootCertStore, ServerConfig};

use crate::config::Config;
use crate::identity::authority::{Authority, AuthorityError};
use certificates::{Operators, Own};

pub use begin::{NotBegun, Stream, turn_away};

/// Why the doors cannot be encrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptionError {
    /// There is no place for the authority.
    #[error("there is no home folder for certificates: say data_dir (--data-dir)")]
    NoPlace,
    /// The authority's files.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The operator's certificate.
    #[error(transparent)]
    Operators(#[from] certificates::OperatorsError),
    /// Anything that TLS needs.
    #[error("TLS cannot be prepared: {0}")]
    Tls(String),
}

impl From<Error> for EncryptionError {
    fn from(error: Error) -> Self {
        Self::Tls(error.to_string())
    }
}

/// A door's way to begin connections.
#[derive(Clone, Default)]
pub struct Encryption(Option<TlsAcceptor>);

/// Those of all three doors.
#[derive(Default)]
pub struct Doors {
    /// For clients.
    pub clients: Encryption,
    /// For runners.
    pub runners: Encryption,
    /// For HTTP.
    pub http: Encryption,
    /// Who certifies runners, where their door is encrypted.
    pub authority: Option<Arc<Authority>>,
}

impl Doors {
    /// As the configuration says; makes the cluster's authority at the first start that needs it.
    ///
    /// # Errors
    /// The file at fault, and what to do.
    pub fn open(config: &Config) -> Result<Self, EncryptionError> {
        let doors = [config.clients, config.runners, config.http];
        if !doors.into_iter().any(|door| config.encrypts(door)) {
            return Ok(Self::default());
        }
        let folder = config.data_dir.as_deref().ok_or(EncryptionError::NoPlace)?;
        let authority = Arc::new(Authority::open(folder)?);
        tracing::info!(authority = %authority.fingerprint(), "doors are encrypted; this is the cluster's certificate authority");
        let own: Arc<dyn ResolvesServerCert> = Arc::new(Own::new(Arc::clone(&authority), names::of(&doors))?);
        let for_people: Arc<dyn ResolvesServerCert> = match &config.certificate {
            Some(files) => Arc::new(Operators::open(files)?),
            None => Arc::clone(&own),
        };
        // Runners are certified by the cluster's own authority, and it is the one that they know.
        let encrypts = |door| config.encrypts(door);
        Ok(Self {
            clients: Encryption::new(encrypts(config.clients), || plain_clients(&for_people))?,
            runners: Encryption::new(encrypts(config.runners), || known_runners(&own, &authority))?,
            http: Encryption::new(encrypts(config.http), || plain_clients(&for_people))?,
            authority: encrypts(config.runners).then_some(authority),
        })
    }
}

impl Encryption {
    fn new(
        encrypts: bool,
        config: impl FnOnce() -> Result<ServerConfig, EncryptionError>,
    ) -> Result<Self, EncryptionError> {
        let acceptor =
            encrypts.then(|| config().map(|config| TlsAcceptor::from(Arc::new(config)))).transpose()?;
        Ok(Self(acceptor))
    }

    /// Whether connections are encrypted.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }
}

/// Nobody is asked for a certificate.
fn plain_clients(certificate: &Arc<dyn ResolvesServerCert>) -> Result<ServerConfig, EncryptionError> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth();
    resuming(builder.with_cert_resolver(Arc::clone(certificate)))
}

/// Who has a certificate of the authority has to show it; who has none yet can only ask for one.
fn known_runners(
    certificate: &Arc<dyn ResolvesServerCert>,
    authority: &Authority,
) -> Result<ServerConfig, EncryptionError> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone())?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .map_err(|error| EncryptionError::Tls(error.to_string()))?;
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier);
    resuming(builder.with_cert_resolver(Arc::clone(certificate)))
}

/// Peers that come back need no signatures. Each door has tickets of its own, since they say who somebody is.
fn resuming(mut config: ServerConfig) -> Result<ServerConfig, EncryptionError> {
    config.ticketer = ring::Ticketer::new()?;
    Ok(config)
}
