//! What a runner's certificate says. Who shows it has proved by then that it has the key, and that the cluster's
//! authority has signed it.

use protocol::Timestamp;
use protocol::tls::Fingerprint;
use x509_parser::parse_x509_certificate;

/// A certificate that the cluster has given to a runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerCertificate {
    /// The name that it was given for.
    pub name: String,
    /// Its public key's fingerprint.
    pub key: Fingerprint,
    /// From when on a new one is to be had: two thirds of its life are over.
    pub renew_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
}

impl RunnerCertificate {
    /// Reads a certificate in DER. `None` where it is none that the authority gives to runners.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = parse_x509_certificate(der).ok()?;
        let name = certificate.subject().iter_common_name().next()?.as_str().ok()?.to_owned();
        let seconds = |time: x509_parser::time::ASN1Time| time.timestamp();
        let (begin, end) =
            (seconds(certificate.validity().not_before), seconds(certificate.validity().not_after));
        Some(Self {
            name,
            key: Fingerprint::of(certificate.public_key().raw),
            renew_at: Timestamp::from_second(begin + (end - begin) / 3 * 2).ok()?,
            ends_at: Timestamp::from_second(end).ok()?,
        })
    }
}
