//! The time of day as the controller knows it: in a simulation that is the simulated one.

use protocol::Timestamp;

#[cfg(test)]
pub(crate) use simulated::simulate;

/// The time of day.
pub(crate) fn now() -> Timestamp {
    #[cfg(test)]
    if let Some(now) = simulated::now() {
        return now;
    }
    Timestamp::now()
}

#[cfg(test)]
mod simulated {
    use std::cell::Cell;

    use protocol::Timestamp;
    use tokio::time::Instant;

    thread_local! {
        static BEGIN: Cell<Option<Instant>> = const { Cell::new(None) };
    }

    /// From now on the time of this thread is that of its runtime, which is paused.
    pub(crate) fn simulate() {
        BEGIN.set(Some(Instant::now()));
    }

    pub(super) fn now() -> Option<Timestamp> {
        let begin = BEGIN.get()?;
        Timestamp::UNIX_EPOCH.checked_add(begin.elapsed()).ok()
    }
}
