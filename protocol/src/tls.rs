//! TLS as clients and runners begin it: whom they believe to be a controller. Configurations for rustls; whoever
//! uses them does the I/O.

mod failure;
mod pem;
mod print;
mod token;
mod verify;

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, Error};

/// A certificate in DER.
pub use rustls::pki_types::CertificateDer as Certificate;

pub use failure::TlsFailure;
pub use pem::{from_pem, to_pem};
pub use print::{Fingerprint, NotAFingerprint};
pub use token::{JOIN_PREFIX, JoinToken, NotAJoinToken};

/// The name that the certificate of every controller holds that comes from a cluster's own authority: one can be
/// dialled by names and addresses that nobody knew when it was made.
pub const CONTROLLER_NAME: &str = "controller.ruche.internal";

/// Whose certificate a controller has to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// One that this authority has signed, or this very one.
    Known(CertificateDer<'static>),
    /// The same, where the authority is known by its fingerprint alone: the controller has to show it.
    Pinned(Fingerprint),
    /// Nobody's: the connection fails, and the failure tells whose was shown.
    Nobody,
}

/// What a runner shows of itself.
#[derive(Debug)]
pub struct Identity {
    /// Its certificate.
    pub certificate: CertificateDer<'static>,
    /// The key that belongs to it.
    pub key: PrivateKeyDer<'static>,
}

/// How to begin a connection.
///
/// # Errors
/// Where certificate and key do not belong together.
pub fn client(trust: Trust, identity: Option<Identity>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(verify::Verifier::new(trust, &provider));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    match identity {
        Some(Identity { certificate, key }) => builder.with_client_auth_cert(vec![certificate], key),
        None => Ok(builder.with_no_client_auth()),
    }
}

/// The name to ask for when this host is dialled: hosts may have names that no certificate can hold.
pub fn server_name(host: &str) -> ServerName<'static> {
    let fixed = || ServerName::try_from(CONTROLLER_NAME).ok();
    let name = ServerName::try_from(host.to_owned()).ok().or_else(fixed);
    name.unwrap_or_else(|| ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()))
}

/// The authority among the certificates that a controller has shown: the last of them.
pub fn authority<'a>(shown: &'a [CertificateDer<'static>]) -> Option<&'a CertificateDer<'static>> {
    shown.last()
}
