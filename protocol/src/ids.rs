//! Identifiers. Each is its own type, so that one cannot be passed for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh identifier of 122 random bits: it cannot be guessed from another one.
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }

            /// Its 16 bytes, for where it is stored.
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }

            /// The identifier that has these bytes.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.simple().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId($what))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

random_id!(
    /// One submitted program, from submission to its verdict: 32 hexadecimal digits.
    JobId,
    "job"
);
random_id!(
    /// One life of a runner process, new at each start: 32 hexadecimal digits. People know a runner by its name.
    RunnerId,
    "runner"
);

random_id!(
    /// One life of a controller process, new at each start: 32 hexadecimal digits.
    ControllerId,
    "controller"
);

/// Text that is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {0} id: expected 32 hexadecimal digits")]
pub struct InvalidId(&'static str);

/// How many times a job has been handed to a runner. It fences results: an answer that carries an older
/// attempt than the store's is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attempt(pub u32);

impl Attempt {
    /// The attempt after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which part of a job: 0 is the compilation, `n` (from 1) is the n-th run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Step(pub u32);

impl Step {
    /// The compilation.
    pub const COMPILE: Self = Self(0);

    /// The step of the run with this index (from 0) in [`JobSpec::runs`](crate::JobSpec::runs).
    pub fn run(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX - 1).saturating_add(1))
    }

    /// The index of the run (from 0), or `None` for the compilation.
    pub fn run_index(self) -> Option<usize> {
        self.0.checked_sub(1).map(|index| index as usize)
    }
}
