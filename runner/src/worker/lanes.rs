//! Where runs are made. The first lane has the job's own sandbox and slot; others are opened where the job allows several runs
//! at once and slots are free, and closed as soon as no run is left for them. Where runs are made one after the other, a
//! second lane without a slot takes turns with the first: each makes its next box while the other works.

use std::sync::Arc;

use protocol::MAX_PARALLEL;
use tokio::sync::OwnedSemaphorePermit;

use super::Work;
use super::judge::Seat;
use super::program::{Kit, Place};
use crate::pool::Lease;
use crate::sandbox::SandboxError;

/// More runs than these are worth a second lane, where they are made one after the other.
const WORTH_TURNS: usize = 8;

/// Where one run at a time is made: the program's sandbox, and the interactor's where there is one.
pub(super) struct Lane {
    pub(super) place: Place,
    pub(super) seat: Option<Seat>,
    right: Right,
}

/// By what right a lane is there.
pub(super) enum Right {
    /// The job's own sandbox and slot.
    Own,
    /// A slot more.
    Slot(OwnedSemaphorePermit),
    /// None of its own: it takes turns with another one.
    Turns,
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
        match self.right {
            Right::Own => return Some(self.place.lease),
            Right::Slot(slot) => drop(slot),
            Right::Turns => {}
        }
        self.place.lease.give_back();
        None
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
        Ok(Lane { place, seat, right: Right::Own })
    }

    /// How many of so many runs may be made at once.
    pub(super) fn most_at_once(&self, runs: usize) -> usize {
        let asked = self.spec.parallel.unwrap_or(1).clamp(1, MAX_PARALLEL);
        runs.min(asked as usize)
    }

    /// How many lanes so many runs may have, of which so many are made at once.
    pub(super) fn most_lanes(&self, runs: usize, at_once: usize) -> usize {
        let takes_turns = at_once == 1 && self.interactor.is_none() && runs > WORTH_TURNS;
        if takes_turns { 2 } else { at_once }
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

    /// By what right there is one more lane, where so many runs are made at once; nothing where no slot is free.
    pub(super) fn right(&self, at_once: usize) -> Option<Right> {
        match at_once {
            1 => Some(Right::Turns),
            _ => Arc::clone(&self.program.workshop.slots).try_acquire_owned().ok().map(Right::Slot),
        }
    }

    /// Opens one more lane. Where that fails, the job goes on without.
    pub(super) async fn open_lane(&self, kits: &Kits, right: Right) -> Option<Lane> {
        let opened = tokio::select! {
            opened = self.try_to_open(kits, right) => opened,
            () = self.cancel.cancelled() => return None,
        };
        opened.inspect_err(|error| tracing::info!(%error, "a job goes on with fewer sandboxes")).ok()
    }

    async fn try_to_open(&self, kits: &Kits, right: Right) -> Result<Lane, SandboxError> {
        let pool = &self.program.workshop.pool;
        let lease = match right {
            Right::Turns => pool.take_beside(self.program.image()).await?,
            Right::Own | Right::Slot(_) => pool.take(self.program.image()).await?,
        };
        let place = self.program.settle(lease, &kits.program).await?;
        let seat = match (&kits.interactor, self.interactor.as_ref().and_then(|judge| judge.program())) {
            (Some(kit), Some(judge)) => {
                let lease = pool.take_beside(judge.image()).await?;
                Some(Seat::Ready(Box::new(judge.settle(lease, kit).await?), Default::default()))
            }
            _ => None,
        };
        Ok(Lane { place, seat, right })
    }
}
