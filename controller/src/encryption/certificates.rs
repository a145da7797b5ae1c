//! The certificates that the doors show: the cluster's own, or the operator's. Both are renewed while the
//! controller runs.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use protocol::tls::{Fingerprint, authority};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::EncryptionError;
use crate::config::CertificateFiles;
use crate::identity::authority::{Authority, CONTROLLER_LIFE};
use crate::lock::lock;

/// How often the operator's files are looked at: whoever renews certificates expects that nobody has to be told.
const LOOK: Duration = Duration::from_secs(60);

/// What is shown, and since when.
struct Shown {
    key: Arc<CertifiedKey>,
    since: Instant,
}

impl Shown {
    fn new(key: Arc<CertifiedKey>) -> Mutex<Self> {
        Mutex::new(Self { key, since: Instant::now() })
    }
}

/// What is shown; first made anew where it is older than this and can be.
fn current(
    shown: &Mutex<Shown>,
    age: Duration,
    renew: impl FnOnce() -> Result<Arc<CertifiedKey>, String>,
) -> Arc<CertifiedKey> {
    let mut shown = lock(shown);
    if shown.since.elapsed() >= age {
        match renew() {
            Ok(key) => shown.key = key,
            Err(error) => tracing::error!(error, "a certificate cannot be renewed: the old one is used"),
        }
        shown.since = Instant::now();
    }
    Arc::clone(&shown.key)
}

/// A certificate of the cluster's authority. It is kept in memory alone, so that no key can be copied from a disk.
pub(super) struct Own {
    authority: Arc<Authority>,
    names: Vec<String>,
    shown: Mutex<Shown>,
}

impl Own {
    /// One that holds these names.
    pub(super) fn new(authority: Arc<Authority>, names: Vec<String>) -> Result<Self, EncryptionError> {
        let key = certify(&authority, &names).map_err(EncryptionError::Tls)?;
        Ok(Self { authority, names, shown: Shown::new(key) })
    }
}

fn certify(authority: &Authority, names: &[String]) -> Result<Arc<CertifiedKey>, String> {
    let leaf = authority.controller(names).map_err(|error| error.to_string())?;
    // Clients that know the authority by its fingerprint alone need to see it.
    let chain = vec![leaf.certificate, authority.certificate().clone()];
    certified(chain, leaf.key)
}

/// A chain and its key, if they belong together.
pub(super) fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, String> {
    let key = CertifiedKey::from_der(chain, key, &ring::default_provider());
    key.map(Arc::new).map_err(|error| error.to_string())
}

impl ResolvesServerCert for Own {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(current(&self.shown, CONTROLLER_LIFE / 3 * 2, || certify(&self.authority, &self.names)))
    }
}

/// Why the operator's certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OperatorsError {
    /// A file cannot be read, or holds nothing of use.
    #[error("{key} {path}: {why}")]
    File {
        /// The configuration's key.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// They are not each other's.
    #[error("tls_cert and tls_key do not belong together: {0}")]
    Pair(String),
}

/// A certificate that the operator got elsewhere.
pub(super) struct Operators {
    files: CertificateFiles,
    shown: Mutex<Shown>,
}

impl Operators {
    /// The one in these files.
    pub(super) fn open(files: &CertificateFiles) -> Result<Self, OperatorsError> {
        let key = read(files)?;
        if let Some(authority) = authority(&key.cert) {
            let print = Fingerprint::of(authority);
            tracing::info!(authority = %print, "clients are shown the operator's certificate, whose authority is this");
        }
        Ok(Self { files: files.clone(), shown: Shown::new(key) })
    }
}

fn read(files: &CertificateFiles) -> Result<Arc<CertifiedKey>, OperatorsError> {
    let wrong = |key, path: &PathBuf, why: &dyn fmt::Display| OperatorsError::File {
        key,
        path: path.clone(),
        why: why.to_string(),
    };
    let cert = |why: &dyn fmt::Display| wrong("tls_cert", &files.certificate, why);
    let chain = CertificateDer::pem_file_iter(&files.certificate).map_err(|error| cert(&error))?;
    let chain: Vec<CertificateDer<'static>> =
        chain.collect::<Result<_, _>>().map_err(|error| cert(&error))?;
    if chain.is_empty() {
        return Err(cert(&"there is no certificate in it"));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong("tls_key", &files.key, &error))?;
    certified(chain, key).map_err(OperatorsError::Pair)
}

impl ResolvesServerCert for Operators {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(current(&self.shown, LOOK, || read(&self.files).map_err(|error| error.to_string())))
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Own(hidden)")
    }
}

impl fmt::Debug for Operators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Operators(hidden)")
    }
}
