//! Tokens: 256 random bits with a word before them that says what they are. What is kept of one is its SHA-256.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::Secret;
use sha2::{Digest as _, Sha256};

/// What a session's token begins with.
pub const SESSION: &str = "ruche_ses_";

/// What a personal token begins with.
pub const PERSONAL: &str = "ruche_pat_";

/// What the secret of a set-up link begins with.
pub const SET_UP: &str = "ruche_setup_";

/// Makes a token. Nobody can guess it.
pub fn new(prefix: &str) -> Secret {
    Secret::from(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())))
}

/// Makes a name for something that is not secret, unlike any other.
pub fn new_id() -> String {
    hex(&rand::random::<[u8; 6]>())
}

/// What is known of a token: enough to recognise it, too little to use it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// That of a token.
    pub fn of(token: &Secret) -> Self {
        Self(hex(&Sha256::digest(token.expose().as_bytes())))
    }

    /// As it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(…)")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_differ_and_are_recognised_by_their_fingerprints() {
        let (one, other) = (new(SESSION), new(SESSION));
        assert_ne!(one, other);
        assert_eq!(one.expose().len(), SESSION.len() + 43);
        assert_eq!(Fingerprint::of(&one), Fingerprint::of(&one.clone()));
        assert_ne!(Fingerprint::of(&one), Fingerprint::of(&other));
        assert_eq!(Fingerprint::of(&one).as_str().len(), 64);
        assert!(!format!("{:?}", Fingerprint::of(&one)).contains(Fingerprint::of(&one).as_str()));
    }
}
