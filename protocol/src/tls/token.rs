//! The text that lets a runner join: a secret, and the fingerprint of the authority that it may be told to.

use std::str::FromStr;

use super::Fingerprint;
use crate::Secret;

/// What every such text begins with.
pub const JOIN_PREFIX: &str = "ruche-join-";

/// A join token, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinToken {
    /// What the controller checks.
    pub secret: Secret,
    /// Whom it may be told to.
    pub authority: Fingerprint,
}

/// Text that is no join token. It is not repeated: it may be one with a letter too few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no join token: `cli runner token` prints one, from {JOIN_PREFIX} to its last letter")]
pub struct NotAJoinToken;

impl JoinToken {
    /// As it is told to people.
    pub fn text(&self) -> Secret {
        Secret::from(format!("{}.{}", self.secret.expose(), self.authority.hex()))
    }
}

impl FromStr for JoinToken {
    type Err = NotAJoinToken;

    fn from_str(text: &str) -> Result<Self, NotAJoinToken> {
        let (secret, authority) = text.trim().rsplit_once('.').ok_or(NotAJoinToken)?;
        let letters = secret.strip_prefix(JOIN_PREFIX).ok_or(NotAJoinToken)?;
        if letters.is_empty() {
            return Err(NotAJoinToken);
        }
        let authority = authority.parse().map_err(|_| NotAJoinToken)?;
        Ok(Self { secret: Secret::from(secret.to_owned()), authority })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_told_and_does_not_show_itself() {
        let authority = Fingerprint::of(b"ca");
        let token = JoinToken { secret: Secret::from("ruche-join-tulip".to_owned()), authority };
        assert_eq!(token.text().expose().parse(), Ok(token.clone()));
        assert!(!format!("{token:?}").contains("tulip"));
        for text in ["", "ruche-join-tulip", "tulip.12", "ruche-join-.12", "ruche-join-tulip.12"] {
            assert_eq!(text.parse::<JoinToken>(), Err(NotAJoinToken));
        }
        assert!(format!("ruche-join-.{}", authority.hex()).parse::<JoinToken>().is_err());
    }
}
