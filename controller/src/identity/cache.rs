//! Who has proved to be whom, for some seconds, so that a request costs the store nothing. What is changed here counts
//! at once; what another controller changes, when it is looked up again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::principal::Account;
use super::secret::Fingerprint;
use crate::lock::lock;

/// How long somebody is known.
const FRESH: Duration = Duration::from_secs(5);

/// How many are known at most.
const MOST: usize = 16_384;

/// Those who are known.
#[derive(Debug, Default)]
pub struct Cache(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    known: HashMap<Fingerprint, (Arc<Account>, Instant)>,
    /// Grows with each change, so that what was looked up before it is not kept after it.
    changes: u64,
}

/// A look-up that is under way.
#[derive(Debug, Clone, Copy)]
pub struct Lookup(u64);

impl Cache {
    /// Whoever showed this a moment ago, or what is needed to look it up.
    pub fn get(&self, proof: &Fingerprint) -> Result<Arc<Account>, Lookup> {
        let state = lock(&self.0);
        match state.known.get(proof) {
            Some((account, until)) if *until > Instant::now() => Ok(Arc::clone(account)),
            _ => Err(Lookup(state.changes)),
        }
    }

    /// Remembers what was found, unless something was changed meanwhile.
    pub fn put(&self, lookup: Lookup, proof: Fingerprint, account: Arc<Account>) {
        let mut state = lock(&self.0);
        if state.changes != lookup.0 {
            return;
        }
        let now = Instant::now();
        if state.known.len() >= MOST {
            state.known.retain(|_, (_, until)| *until > now);
        }
        if state.known.len() < MOST {
            state.known.insert(proof, (account, now + FRESH));
        }
    }

    /// Something has changed.
    pub fn clear(&self) {
        let mut state = lock(&self.0);
        state.known.clear();
        state.changes += 1;
    }
}
