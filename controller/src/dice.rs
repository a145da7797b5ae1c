//! What is left to chance: in a simulation that follows from its seed.

use protocol::JobId;
use rand::Rng;

#[cfg(test)]
pub(crate) use simulated::simulate;

/// A source of random numbers that nobody has to be kept from guessing.
#[cfg(not(test))]
pub(crate) fn dice() -> impl Rng {
    rand::rng()
}

/// A source of random numbers that nobody has to be kept from guessing.
#[cfg(test)]
pub(crate) fn dice() -> impl Rng {
    simulated::next()
}

/// An identifier for a new job, which cannot be guessed.
pub(crate) fn job_id() -> JobId {
    #[cfg(test)]
    if let Some(id) = simulated::job_id() {
        return id;
    }
    JobId::random()
}

#[cfg(test)]
mod simulated {
    use std::cell::Cell;

    use protocol::JobId;
    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    thread_local! {
        static SEED: Cell<Option<u64>> = const { Cell::new(None) };
    }

    /// From now on the numbers of this thread follow from this seed.
    pub(crate) fn simulate(seed: u64) {
        SEED.set(Some(seed));
    }

    pub(super) fn next() -> StdRng {
        let Some(seed) = SEED.get() else { return StdRng::from_rng(&mut rand::rng()) };
        let mut rng = StdRng::seed_from_u64(seed);
        SEED.set(Some(rng.random()));
        rng
    }

    pub(super) fn job_id() -> Option<JobId> {
        SEED.get()?;
        format!("{:032x}", next().random::<u128>()).parse().ok()
    }
}
