//! The links of runners that have shown a certificate, so that they can be cut.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use protocol::tls::Fingerprint;
use tokio_util::sync::CancellationToken;

use crate::lock::lock;

/// The links.
#[derive(Default)]
pub(super) struct Passes(Mutex<Table>);

#[derive(Default)]
struct Table {
    next: u64,
    links: HashMap<u64, Link>,
}

struct Link {
    name: String,
    key: Fingerprint,
    revoked: CancellationToken,
}

/// A link's right to be there; dropping it gives it back.
pub struct Pass {
    passes: Arc<Passes>,
    number: u64,
    revoked: CancellationToken,
}

impl Pass {
    /// Tells when the right is taken away.
    pub fn revoked(&self) -> &CancellationToken {
        &self.revoked
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        lock(&self.passes.0).links.remove(&self.number);
    }
}

impl Passes {
    /// A link of a runner that has shown this key.
    pub(super) fn add(passes: &Arc<Self>, name: &str, key: Fingerprint) -> Pass {
        let mut table = lock(&passes.0);
        table.next += 1;
        let (number, revoked) = (table.next, CancellationToken::new());
        table.links.insert(number, Link { name: name.to_owned(), key, revoked: revoked.clone() });
        Pass { passes: Arc::clone(passes), number, revoked }
    }

    /// The names and keys of all links.
    pub(super) fn all(&self) -> BTreeSet<(String, Fingerprint)> {
        lock(&self.0).links.values().map(|link| (link.name.clone(), link.key)).collect()
    }

    /// Cuts the links of this name and key.
    pub(super) fn revoke(&self, name: &str, key: &Fingerprint) {
        let table = lock(&self.0);
        let theirs = table.links.values().filter(|link| link.name == name && link.key == *key);
        theirs.for_each(|link| link.revoked.cancel());
    }
}
