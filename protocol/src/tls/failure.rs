//! Why a connection could not be encrypted.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

use super::Fingerprint;

/// Why a connection could not be encrypted, for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsFailure {
    /// Nothing is known of the controller yet.
    #[error("its certificate authority is {shown}, and nobody has said yet that this is the right one")]
    Unknown {
        /// The authority that it showed.
        shown: Fingerprint,
    },
    /// It shows another authority than it should.
    #[error("its certificate authority is {shown} and should be {expected}")]
    Changed {
        /// The authority that it should have.
        expected: Fingerprint,
        /// The authority that it showed.
        shown: Fingerprint,
    },
    /// Its certificate is another host's.
    #[error("its certificate is for another host")]
    Name,
    /// Its certificate cannot be used today.
    #[error("its certificate has ended or has not begun: are the clocks of both machines right?")]
    Time,
    /// What answers does not encrypt.
    #[error("it does not encrypt (TLS) there")]
    NotEncrypted,
    /// It does not take the certificate that this side shows.
    #[error("it does not take this side's certificate: {0}")]
    Refused(&'static str),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl TlsFailure {
    /// What an I/O error over an encrypted connection means; nothing where encryption is not to blame.
    pub fn of(error: &io::Error) -> Option<Self> {
        let error = error.get_ref()?.downcast_ref::<Error>()?;
        Some(match error {
            Error::Other(other) => match other.0.downcast_ref::<Self>() {
                Some(own) => own.clone(),
                None => Self::Other(error.to_string()),
            },
            Error::InvalidMessage(
                InvalidMessage::InvalidContentType
                | InvalidMessage::UnknownProtocolVersion
                | InvalidMessage::MessageTooLarge
                | InvalidMessage::InvalidEmptyPayload,
            ) => Self::NotEncrypted,
            Error::AlertReceived(alert) => match refusal(*alert) {
                Some(reason) => Self::Refused(reason),
                None => Self::Other(error.to_string()),
            },
            error => Self::from_rustls(error),
        })
    }

    pub(super) fn from_rustls(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => Self::Name,
            Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            ) => Self::Time,
            error => Self::Other(error.to_string()),
        }
    }
}

fn refusal(alert: AlertDescription) -> Option<&'static str> {
    Some(match alert {
        AlertDescription::CertificateExpired => "it has ended",
        AlertDescription::UnknownCA => "it comes from another cluster",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError => "it is not valid there",
        _ => return None,
    })
}
