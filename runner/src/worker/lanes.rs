//! Where runs are made: one lane for each run that is under way. The first has the job's own sandbox and slot; others are
//! opened where the job allows it and slots are free, and closed as soon as no run is left for them.

use std::sync::Arc;

use protocol::MAX_PARALLEL;
use tokio::sync::OwnedSemaphorePermit;

use super::Work;
use super::judge::Seat;
use super::program::{Kit, Place};
use crate::pool::Lease;
use crate::sandbox::SandboxError;

/// Where one run at a time is made: the program's sandbox, and the interactor's where there is one.
pub(super) struct Lane {
    pub(super) place: Place,
    pub(super) seat: Option<Seat>,
    /// What it holds beside the job's own slot.
    slot: Option<OwnedSemaphorePermit>,
}

/// What further lanes are made with.
pub(super) struct Kits {
    program: Kit,
    interactor: Option<Kit>,
}

impl Lane {
    /// Ends it. Returns the sandbox of the job's own.
    pub(super) fn close(self) -> Option<Lease> {
        if let Some(seat) = self.seat {
            seat.leave();
        }
        match self.slot {
            None => Some(self.place.lease),
            Some(slot) => {
                drop(slot);
                self.place.lease.give_back();
                None
            }
        }
    }
}

impl Work<'_> {
    /// The first lane.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub(super) async fn first_lane(&self, place: Place) -> Result<Lane, SandboxError> {
        let seat = match &self.interactor {
            Some(interactor) => Some(interactor.get_ready(self.cancel).await?),
            None => None,
        };
        Ok(Lane { place, seat, slot: None })
    }

    /// How many lanes so many runs may have.
    pub(super) fn most_lanes(&self, runs: usize) -> usize {
        let asked = self.spec.parallel.unwrap_or(1).clamp(1, MAX_PARALLEL);
        runs.min(asked as usize)
    }

    /// What it takes to open further lanes; nothing where that cannot be taken along.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub(super) async fn kits(&self, lane: &mut Lane) -> Result<Option<Kits>, SandboxError> {
        let Some(program) = self.program.take_along(&mut lane.place).await? else { return Ok(None) };
        let interactor = match (&self.interactor, &mut lane.seat) {
            (Some(judge), Some(Seat::Ready(place, _))) => match judge.program() {
                Some(judge) => match judge.take_along(place).await? {
                    Some(kit) => Some(kit),
                    None => return Ok(None),
                },
                None => None,
            },
            // Nothing is run that cannot be judged.
            (Some(_), _) => return Ok(None),
            (None, _) => None,
        };
        Ok(Some(Kits { program, interactor }))
    }

    /// A slot for one more lane, where there is one free.
    pub(super) fn slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.program.workshop.slots).try_acquire_owned().ok()
    }

    /// Opens one more lane. Where that fails, the job goes on without.
    pub(super) async fn open_lane(&self, kits: &Kits, slot: OwnedSemaphorePermit) -> Option<Lane> {
        let opened = tokio::select! {
            opened = self.try_to_open(kits, slot) => opened,
            () = self.cancel.cancelled() => return None,
        };
        opened.inspect_err(|error| tracing::info!(%error, "a job goes on with fewer sandboxes")).ok()
    }

    async fn try_to_open(&self, kits: &Kits, slot: OwnedSemaphorePermit) -> Result<Lane, SandboxError> {
        let pool = &self.program.workshop.pool;
        let lease = pool.take(self.program.image()).await?;
        let place = self.program.settle(lease, &kits.program).await?;
        let seat = match (&kits.interactor, self.interactor.as_ref().and_then(|judge| judge.program())) {
            (Some(kit), Some(judge)) => {
                let lease = pool.take_beside(judge.image()).await?;
                Some(Seat::Ready(Box::new(judge.settle(lease, kit).await?), Default::default()))
            }
            _ => None,
        };
        Ok(Lane { place, seat, slot: Some(slot) })
    }
}
