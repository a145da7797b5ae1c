//! What makes this host part of a cluster whose runners' door is encrypted: the authority to believe, a key, and the
//! certificate that a controller gave for it. `runner join` gets them, and they renew themselves over the link.

pub mod credentials;
mod files;
pub mod join;
pub mod key;

use std::io;
use std::path::PathBuf;

pub use credentials::{Credentials, Encryption};
pub use files::{Joined, joined};

/// Why there is no membership.
#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    /// A file cannot be read or written.
    #[error("{0}: {1}; run as root, or name another folder with --state-dir")]
    File(PathBuf, #[source] io::Error),
    /// Files that hold something else.
    #[error("{0}: {1}; remove the folder and run `runner join` again")]
    Unusable(PathBuf, String),
    /// No key can be made.
    #[error("no key can be made: {0}")]
    Key(#[from] rcgen::Error),
}
