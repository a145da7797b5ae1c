//! A key of this runner.

use rcgen::{CertificateParams, KeyPair};

/// A key that has no certificate yet.
pub struct Key(KeyPair);

impl Key {
    /// A new one.
    ///
    /// # Errors
    /// Where the host has no randomness.
    pub fn generate() -> Result<Self, rcgen::Error> {
        KeyPair::generate().map(Self)
    }

    /// The one in this PEM.
    ///
    /// # Errors
    /// Where there is none.
    pub fn read(pem: &str) -> Result<Self, rcgen::Error> {
        KeyPair::from_pem(pem).map(Self)
    }

    /// The key itself as PEM, for a file that nobody else reads.
    pub fn pem(&self) -> String {
        self.0.serialize_pem()
    }

    /// A certificate signing request as PEM. It proves to have the key; the name is the controller's business.
    ///
    /// # Errors
    /// Where the key cannot sign.
    pub fn request(&self) -> Result<String, rcgen::Error> {
        CertificateParams::default().serialize_request(&self.0)?.pem()
    }
}
