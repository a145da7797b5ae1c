//! As many descriptors as the doors may need: a process starts with few, however many it may have.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What is open beside connections: the store, listeners, logs.
const OTHERS: u64 = 256;

/// Takes as many descriptors as the system gives, and warns where they are fewer than connections may be.
pub fn take(connections: usize) {
    let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    // What cannot be had is what the warning is about.
    let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    let wanted = connections as u64 + OTHERS;
    if most < wanted {
        tracing::warn!(
            most,
            wanted,
            "this process may open fewer files than it may have connections: raise the limit (LimitNOFILE, \
             ulimit -n), or lower max_connections and max_runners"
        );
    }
}
