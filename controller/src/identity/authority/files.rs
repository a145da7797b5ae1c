//! The authority's two files.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{KeyPair, PublicKeyData as _};
use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::parse_x509_certificate;

use super::new_certificate;

const CERTIFICATE: &str = "ca.pem";
const KEY: &str = "ca-key.pem";

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file cannot be read or made.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] io::Error),
    /// One of the two files is missing.
    #[error(
        "{0} holds {CERTIFICATE} but no {KEY}: copy both from the controller that has made them, or remove the one to \
         begin anew (then runners have to join again, and clients to log in again)"
    )]
    NoKey(PathBuf),
    /// They are no certificate and key.
    #[error("{CERTIFICATE} and {KEY} in {0} cannot be used: {1}")]
    Unusable(PathBuf, String),
    /// No key can be made.
    #[error("no key can be made: {0}")]
    Making(#[from] rcgen::Error),
}

/// Certificate and key as PEM; new ones where there are none.
pub(super) fn open(folder: &Path) -> Result<(String, String), AuthorityError> {
    let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
    match (read(&certificate)?, read(&key)?) {
        (Some(certificate), Some(key)) => Ok((certificate, key)),
        (Some(_), None) => Err(AuthorityError::NoKey(folder.to_owned())),
        // A start that was cut short has left a key that nobody knows of yet.
        (None, _) => make(folder, &certificate, &key),
    }
}

fn read(path: &Path) -> Result<Option<String>, AuthorityError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(AuthorityError::File(path.to_owned(), error)),
    }
}

/// The certificate is there last: what it is there with is whole.
fn make(folder: &Path, certificate: &Path, key: &Path) -> Result<(String, String), AuthorityError> {
    fs::create_dir_all(folder).map_err(|error| AuthorityError::File(folder.to_owned(), error))?;
    let pair = KeyPair::generate()?;
    let (certificate_text, key_text) = (new_certificate(&pair)?, pair.serialize_pem());
    write(key, &key_text, 0o600)?;
    write(certificate, &certificate_text, 0o644)?;
    Ok((certificate_text, key_text))
}

/// Writes a file that is there whole or not at all.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), AuthorityError> {
    let failed = |error| AuthorityError::File(path.to_owned(), error);
    let new = path.with_extension("new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&new, path).map_err(failed)
}

/// Whether a certificate is for this key.
pub(super) fn belong_together(certificate: &CertificateDer<'_>, key: &KeyPair) -> bool {
    let parsed = parse_x509_certificate(certificate);
    parsed.is_ok_and(|(_, certificate)| *certificate.public_key().raw == *key.subject_public_key_info())
}
