//! Passwords: argon2id, a few at a time and away from the threads that serve connections. Whether there is such a
//! user cannot be told from how long a check takes.

use std::sync::{Arc, LazyLock};

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use protocol::{Problem, ProblemKind, Secret};
use tokio::sync::Semaphore;

/// Checks that are made at once.
const AT_ONCE: usize = 2;

/// Checks that may wait for that; others are to come back.
const WAITING: usize = 64;

/// How long a password is, in bytes.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=1024;

/// What a password is checked against where there is no such user.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash(&super::secret::new("")).unwrap_or_default());

/// Checks and makes hashes of passwords.
#[derive(Debug)]
pub struct Passwords {
    room: Arc<Semaphore>,
    turn: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(WAITING)), turn: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Passwords {
    /// Whether this is the password that the hash is of. Without a hash it is not, which takes as long.
    ///
    /// # Errors
    /// Where too many are checked already.
    pub async fn check(&self, password: Secret, hash: Option<String>) -> Result<bool, Problem> {
        self.work(move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| NOBODY.clone());
            Some(matches(&password, &hash) && known)
        })
        .await
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// Where it is too short or too long, or too many are checked already.
    pub async fn hash(&self, password: Secret) -> Result<String, Problem> {
        if !LENGTH.contains(&password.expose().len()) {
            let detail = format!("a password has {} to {} bytes", LENGTH.start(), LENGTH.end());
            return Err(Problem::invalid("password", detail));
        }
        self.work(move || hash(&password)).await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Option<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || Problem::new(ProblemKind::QuotaExceeded, "too many log-ins at once").retry_after(2);
        let _room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| busy())?;
        // The semaphore is never closed.
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(|_| busy())?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        let failed = || Problem::new(ProblemKind::Internal, "the password could not be looked at");
        done.await.ok().flatten().ok_or_else(failed)
    }
}

fn hash(password: &Secret) -> Option<String> {
    let salt = rand::random::<[u8; 16]>();
    let hash = Argon2::default().hash_password_with_salt(password.expose().as_bytes(), &salt);
    hash.ok().map(|hash| hash.to_string())
}

fn matches(password: &Secret, hash: &str) -> bool {
    let check = |hash| Argon2::default().verify_password(password.expose().as_bytes(), &hash);
    PasswordHash::new(hash).is_ok_and(|hash| check(hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let passwords = Passwords::default();
        let hash = passwords.hash(secret("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert_ne!(passwords.hash(secret("correct horse")).await.unwrap(), hash, "each has its salt");
        assert!(passwords.check(secret("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!passwords.check(secret("correct hors"), Some(hash)).await.unwrap());
        assert!(!passwords.check(secret("correct horse"), None).await.unwrap());
        assert!(!passwords.check(secret("correct horse"), Some("no hash".to_owned())).await.unwrap());
    }

    #[tokio::test]
    async fn what_is_short_is_no_password() {
        let refused = Passwords::default().hash(secret("tulip")).await.unwrap_err();
        assert_eq!(refused.field.as_deref(), Some("password"));
        assert!(!refused.detail.contains("tulip"));
    }
}
