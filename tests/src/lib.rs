//! The harness that starts real clusters: the real binaries, on free ports, with real containers. When a
//! cluster goes out of scope it is stopped as a service manager would stop it, and whatever it leaves behind
//! fails the test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

pub mod chaos;
pub mod cluster;
pub mod docker;
pub mod http;
pub mod joined;
pub mod machines;
pub mod postgres;
pub mod private_docker;
pub mod process;
pub mod promise;
pub mod proxy;
pub mod pty;
pub mod siege;
pub mod table;
pub mod wait;
pub mod websocket;

pub use cluster::{Cluster, Ran};
pub use postgres::Postgres;
pub use wait::wait_until;

use std::path::PathBuf;

/// The root of the source tree.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie in the workspace").to_owned()
}

/// A number that no other test uses, to tell containers and answers apart.
pub fn nonce() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
