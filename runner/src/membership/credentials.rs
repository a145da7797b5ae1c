//! What a runner shows of itself, and whom it believes.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::tls::{self, Certificate, Identity, Trust};
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::MembershipError;
use super::files::Files;
use super::key::Key;

/// How links begin that are encrypted.
pub type Encryption = Arc<ClientConfig>;

/// A membership in use.
pub struct Credentials {
    files: Files,
    authority: Certificate<'static>,
    config: Mutex<Encryption>,
}

impl Credentials {
    /// Those of the runner with this name; nothing where this host has not joined as it.
    ///
    /// # Errors
    /// The file at fault.
    pub fn load(state_dir: &Path, name: &str) -> Result<Option<Self>, MembershipError> {
        let files = Files::new(state_dir, name);
        let Some(contents) = files.read()? else { return Ok(None) };
        let unusable = |why: String| MembershipError::Unusable(files.folder().to_owned(), why);
        let authority = tls::from_pem(&contents.authority)
            .ok_or_else(|| unusable("there is no certificate of the authority".to_owned()))?;
        let config = config(&authority, &contents.identity).map_err(unusable)?;
        Ok(Some(Self { files, authority, config: Mutex::new(config) }))
    }

    /// How links begin. They share it, so that one that comes back needs no signatures.
    pub fn config(&self) -> Encryption {
        Arc::clone(&self.config.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on this key and its certificate are shown.
    ///
    /// # Errors
    /// Where they do not belong together, or cannot be kept.
    pub fn renew(&self, key: &Key, certificate: &str) -> Result<(), MembershipError> {
        let identity = identity(key, certificate);
        let config = config(&self.authority, &identity)
            .map_err(|why| MembershipError::Unusable(self.files.folder().to_owned(), why))?;
        self.files.keep_identity(&identity)?;
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }
}

/// The text of a key and its certificate.
pub(super) fn identity(key: &Key, certificate: &str) -> String {
    format!("{certificate}{}", key.pem())
}

/// What a link needs that believes this authority and shows this identity.
pub(super) fn config(authority: &Certificate<'static>, identity: &str) -> Result<Encryption, String> {
    let certificate = tls::from_pem(identity).ok_or("there is no certificate in it")?;
    let key = PrivateKeyDer::from_pem_slice(identity.as_bytes()).map_err(|error| error.to_string())?;
    let identity = Identity { certificate, key };
    let config = tls::client(Trust::Known(authority.clone()), Some(identity));
    config.map(Arc::new).map_err(|error| error.to_string())
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.files.folder().display())
    }
}
