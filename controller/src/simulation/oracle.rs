//! Knows what the store really did, and what therefore must not be. Everything that the controllers know of the jobs
//! went past it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use protocol::{Attempt, Job, JobId, JobSpec, Verdict};

use super::program::{self, Answer};
use super::world::World;
use crate::lock::lock;
use crate::store::{Cancelled, Claim, Enqueued, Expired, MAX_LOST, Recorded, Release, Released, TakenOver};

/// Violations beyond these are no news.
const ENOUGH: usize = 20;

/// Which attempt at which job.
type Key = (JobId, Attempt);

/// What is known.
#[derive(Debug, Default)]
pub struct Oracle(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    jobs: BTreeMap<u64, Known>,
    nonces: HashMap<JobId, u64>,
    totals: Totals,
    violations: Vec<String>,
}

/// How much happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Jobs that were taken in.
    pub jobs: u64,
    /// Attempts at them.
    pub attempts: u64,
    /// Those of them that came to nothing, and cost the job nothing.
    pub refused: u64,
}

/// One job.
#[derive(Debug)]
pub struct Known {
    pub id: JobId,
    pub answer: Answer,
    /// The attempt that has it.
    current: Option<Attempt>,
    last: Attempt,
    lost: u32,
    pub verdicts: u32,
    /// Whether somebody wanted it stopped.
    stopped: bool,
    pub withdrawn: bool,
}

impl Oracle {
    /// Something that must not be.
    pub fn violation(&self, world: &World, what: impl Into<String>) {
        let what = what.into();
        world.trace.note(format_args!("VIOLATION: {what}"));
        let mut state = lock(&self.0);
        if state.violations.len() < ENOUGH {
            state.violations.push(what);
        }
    }

    pub fn violations(&self) -> Vec<String> {
        lock(&self.0).violations.clone()
    }

    pub fn totals(&self) -> Totals {
        let state = lock(&self.0);
        Totals { jobs: state.jobs.len() as u64, ..state.totals }
    }

    /// The identifier of a job with this number, if it was taken in.
    pub fn id(&self, nonce: u64) -> Option<JobId> {
        lock(&self.0).jobs.get(&nonce).map(|known| known.id)
    }

    /// The number of a job, for the trace.
    pub fn nonce(&self, id: JobId) -> u64 {
        lock(&self.0).nonces.get(&id).copied().unwrap_or_default()
    }

    /// Looks at every job.
    pub fn each(&self, mut look: impl FnMut(u64, &Known)) {
        lock(&self.0).jobs.iter().for_each(|(nonce, known)| look(*nonce, known));
    }

    pub fn enqueued(&self, world: &World, id: JobId, spec: &Arc<JobSpec>, enqueued: &Enqueued) {
        let nonce = program::nonce(spec);
        if let Enqueued::Existing(_) = enqueued {
            return world.trace.note(format_args!("job {nonce} is there already"));
        }
        world.trace.note(format_args!("job {nonce} is taken in"));
        let known = Known {
            id,
            answer: program::answer(spec),
            current: None,
            last: Attempt::default(),
            lost: 0,
            verdicts: 0,
            stopped: false,
            withdrawn: false,
        };
        let mut state = lock(&self.0);
        state.nonces.insert(id, nonce);
        let before = state.jobs.insert(nonce, known);
        drop(state);
        let again = before.is_some_and(|before| !before.withdrawn);
        if again && spec.idempotency_key.is_some() {
            self.violation(world, format!("job {nonce} was taken in twice"));
        }
    }

    pub fn claimed(&self, world: &World, claim: Option<&Claim>, runner: &str) {
        let Some(claim) = claim else { return };
        let (nonce, wrong) = self.with(claim.id, |state, nonce| {
            state.totals.attempts += 1;
            let known = state.jobs.get_mut(&nonce)?;
            let wrong = known.current.is_some() || known.verdicts > 0 || claim.attempt != known.last.next();
            known.current = Some(claim.attempt);
            known.last = claim.attempt;
            wrong.then_some(())
        });
        world.trace.note(format_args!("job {nonce} goes to {runner}, attempt {}", claim.attempt));
        if wrong.is_some() {
            self.violation(world, format!("job {nonce} was given away while it was not free"));
        }
    }

    pub fn taken_over(&self, world: &World, (id, attempt): Key, taken: &TakenOver) {
        let (nonce, current) = self.with(id, |state, nonce| state.jobs.get(&nonce)?.current);
        let what = match taken {
            TakenOver::Resumed(_) => "goes on",
            TakenOver::Recorded => "is recorded",
            TakenOver::Stale => "is stale",
        };
        world.trace.note(format_args!("job {nonce}: attempt {attempt}, still held, {what}"));
        if matches!(taken, TakenOver::Resumed(_)) && current != Some(attempt) {
            self.violation(world, format!("job {nonce}: attempt {attempt} goes on and is over"));
        }
    }

    pub fn recorded(&self, world: &World, key: Key, recorded: &Recorded) {
        match recorded {
            Recorded::Now(job) => self.verdict(world, job, Some(key.1)),
            Recorded::Before | Recorded::Stale => {
                world.trace.note(format_args!("job {}: attempt {} comes late", self.nonce(key.0), key.1));
            }
        }
    }

    pub fn released(&self, world: &World, key: Key, why: &Release, released: &Released) {
        let (id, attempt) = key;
        if *released == Released::Stale {
            return;
        }
        let lost = matches!(why, Release::Lost { .. });
        let (nonce, current) = self.with(id, |state, nonce| {
            state.totals.refused += u64::from(!lost);
            let known = state.jobs.get_mut(&nonce)?;
            known.lost += u32::from(lost);
            known.current.take()
        });
        world.trace.note(format_args!("job {nonce}: attempt {attempt} ends, {why:?}"));
        if current != Some(attempt) {
            self.violation(world, format!("job {nonce}: attempt {attempt} was released and not current"));
        }
        if let Released::Finished(job) = released {
            self.verdict(world, job, None);
        }
    }

    pub fn expired(&self, world: &World, expired: &[Expired]) {
        let why = Release::Lost { reason: "its lease is over".to_owned() };
        expired.iter().for_each(|one| self.released(world, (one.id, one.attempt), &why, &one.released));
    }

    pub fn cancelled(&self, world: &World, id: JobId, cancelled: &Cancelled) {
        let (nonce, ()) = self.with(id, |state, nonce| {
            if let Some(known) = state.jobs.get_mut(&nonce) {
                known.stopped = true;
            }
        });
        let how = match cancelled {
            Cancelled::Finished(_) => "at once",
            Cancelled::Requested(_) => "soon",
            Cancelled::TooLate => "too late",
            Cancelled::Unknown => "and is unknown",
        };
        world.trace.note(format_args!("job {nonce} is to be stopped: {how}"));
        if let Cancelled::Finished(job) = cancelled {
            self.verdict(world, job, None);
        }
    }

    pub fn withdrawn(&self, world: &World, id: JobId, withdrawn: bool) {
        if !withdrawn {
            return;
        }
        let (nonce, ()) = self.with(id, |state, nonce| {
            if let Some(known) = state.jobs.get_mut(&nonce) {
                known.withdrawn = true;
            }
        });
        world.trace.note(format_args!("job {nonce} is withdrawn"));
    }

    /// A job has its verdict, by this attempt's outcome or without one.
    fn verdict(&self, world: &World, job: &Job, by: Option<Attempt>) {
        let (nonce, wrong) = self.with(job.id, |state, nonce| {
            let known = state.jobs.get_mut(&nonce)?;
            known.verdicts += 1;
            let current = known.current.take();
            known.wrong(job, by, current)
        });
        let verdict = job.verdict.map_or("none", Verdict::as_str);
        world.trace.note(format_args!("job {nonce} ends: {verdict}"));
        if let Some(wrong) = wrong {
            self.violation(world, format!("job {nonce} ends as {verdict}: {wrong}"));
        }
    }

    fn with<T>(&self, id: JobId, change: impl FnOnce(&mut State, u64) -> T) -> (u64, T) {
        let mut state = lock(&self.0);
        let nonce = state.nonces.get(&id).copied().unwrap_or_default();
        let result = change(&mut state, nonce);
        (nonce, result)
    }
}

impl Known {
    /// What is wrong with a verdict, if something is.
    fn wrong(&self, job: &Job, by: Option<Attempt>, current: Option<Attempt>) -> Option<String> {
        if self.verdicts > 1 {
            return Some("it had a verdict".to_owned());
        }
        if by != current {
            return Some(format!("by attempt {by:?} while {current:?} had it"));
        }
        match job.verdict {
            Some(Verdict::Cancelled) if self.stopped => None,
            Some(Verdict::InternalError) if self.lost >= MAX_LOST => None,
            Some(verdict) if verdict == self.answer.verdict => self.answer.differs(job),
            _ => Some(format!("it should be {}", self.answer.verdict)),
        }
    }
}
