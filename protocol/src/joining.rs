//! How runners become part of a cluster whose doors are encrypted.

use serde::{Deserialize, Serialize};

use crate::{Problem, Secret, Timestamp};

/// The longest that a join token may be valid: a week, in seconds.
pub const MAX_TTL_SECONDS: u64 = 7 * 24 * 3600;

/// The most runners that may join with one token.
pub const MAX_USES: u32 = 10_000;

/// What a new join token is to allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct JoinTokenRequest {
    /// For how many seconds it is valid; an hour where absent, a week at most.
    pub ttl_seconds: u64,
    /// How many runners may join with it; one where absent.
    pub uses: u32,
}

impl Default for JoinTokenRequest {
    fn default() -> Self {
        Self { ttl_seconds: 3600, uses: 1 }
    }
}

impl JoinTokenRequest {
    /// Whether it can be had.
    ///
    /// # Errors
    /// The field that asks for too much, or nothing.
    pub fn check(&self) -> Result<(), Problem> {
        if !(1..=MAX_TTL_SECONDS).contains(&self.ttl_seconds) {
            return Err(Problem::invalid("ttl_seconds", format!("it has to be 1 to {MAX_TTL_SECONDS}")));
        }
        if !(1..=MAX_USES).contains(&self.uses) {
            return Err(Problem::invalid("uses", format!("it has to be 1 to {MAX_USES}")));
        }
        Ok(())
    }
}

/// A new join token. It is told once and kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewJoinToken {
    /// The token: `runner join HOST:PORT TOKEN`.
    pub token: Secret,
    /// The port of the runners' door.
    pub port: u16,
    /// When it ends.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub expires_at: Timestamp,
}
