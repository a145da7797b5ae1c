//! Which doors are encrypted, and with whose certificate.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use serde::Deserialize;

use super::{Args, ConfigError, File};

/// Which doors are encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsMode {
    /// Those that other machines can reach, unless `insecure` is said
    #[default]
    Auto,
    /// All
    Always,
    /// None
    Never,
}

impl TlsMode {
    /// Whether a door at this address is encrypted.
    pub(super) fn encrypts(self, door: SocketAddr, insecure: bool) -> bool {
        match self {
            Self::Auto => !door.ip().is_loopback() && !insecure,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// The files of a certificate that the operator got elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, followed by those that lead to its authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// How long a runner's certificate is valid where nobody says so: 30 days.
const RUNNER_CERTIFICATE_SECONDS: u64 = 30 * 24 * 3600;

/// The longest that it may be: ten years.
const MAX_RUNNER_CERTIFICATE_SECONDS: u64 = 10 * 365 * 24 * 3600;

/// How long a runner's certificate is valid.
pub(super) fn runner_certificate_life(args: &Args, file: &File) -> Duration {
    let seconds = args.runner_certificate_seconds.or(file.runner_certificate_seconds);
    Duration::from_secs(seconds.unwrap_or(RUNNER_CERTIFICATE_SECONDS).min(MAX_RUNNER_CERTIFICATE_SECONDS))
}

/// What flags and file mean together.
pub(super) fn certificate(args: &Args, file: &File) -> Result<Option<CertificateFiles>, ConfigError> {
    let certificate = args.tls_cert.as_ref().or(file.tls_cert.as_ref());
    let key = args.tls_key.as_ref().or(file.tls_key.as_ref());
    match (certificate.cloned(), key.cloned()) {
        (Some(certificate), Some(key)) => Ok(Some(CertificateFiles { certificate, key })),
        (None, None) => Ok(None),
        _ => Err(ConfigError::HalfCertificate),
    }
}
