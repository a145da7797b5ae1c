//! The fingerprint of a certificate.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// SHA-256 of a certificate in DER, written `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

/// Text that is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is sha256: and 64 hexadecimal digits")]
pub struct NotAFingerprint;

impl Fingerprint {
    /// That of a certificate in DER, or of a public key.
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// Its digits alone.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    /// With or without `sha256:`, with or without colons between the bytes, as other tools write it.
    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        let digits = text.trim().trim_start_matches("sha256:").replace(':', "");
        if digits.len() != 64 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(NotAFingerprint);
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| NotAFingerprint)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_written_and_as_openssl_writes_it() {
        let print = Fingerprint::of(b"a certificate");
        assert_eq!(print.to_string().parse(), Ok(print));
        let colons: Vec<String> = print
            .hex()
            .to_uppercase()
            .as_bytes()
            .chunks(2)
            .map(|two| String::from_utf8_lossy(two).into())
            .collect();
        assert_eq!(colons.join(":").parse(), Ok(print));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", "sha256:", "sha256:12", &"x".repeat(64), &"é".repeat(32), &"+1".repeat(32)] {
            assert_eq!(text.parse::<Fingerprint>(), Err(NotAFingerprint), "{text:?}");
        }
    }
}
