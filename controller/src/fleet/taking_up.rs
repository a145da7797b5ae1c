//! What becomes of attempts that outlive a link: taken up where their runner still holds them, left for a while
//! where it may come back with them, and given up where another controller has them.

use protocol::runner::{HeldAttempt, ToRunner};

use super::attempt::{End, Ended, Running};
use super::feeder::Opening;
use super::lingering::{self, GRACE};
use super::session::Session;
use crate::dispatch::LEASE;
use crate::ending;
use crate::store::{Claim, Release, Renewed, StoreError, TakenOver};
use crate::wire::WireError;

impl Session<'_> {
    /// Ends the attempts that this runner had over a former link and does not hold any more.
    pub(super) async fn settle(&mut self, held: &[HeldAttempt]) {
        let missing = self.fleet.lingering.take_missing(self.runner, &self.name, held);
        for lost in missing {
            let release = lost.release(self.runner);
            if let Err(error) = lingering::end(self.fleet, &lost, release).await {
                // Its lease runs out, and the job is tried again.
                tracing::error!(%error, "a lost attempt cannot be ended");
            }
        }
    }

    /// Goes on with what the runner holds, as far as the store wants that.
    pub(super) async fn take_up(&mut self, held: &[HeldAttempt]) -> Result<(), WireError> {
        for held in held {
            let key = (held.job, held.attempt);
            if self.running.values().any(|running| running.key() == key)
                || self.recording.keys().any(|ending| ending == key)
            {
                continue;
            }
            if let Err(error) = self.take_up_one(held).await? {
                // The runner announces them again over its next link.
                tracing::error!(%error, "attempts cannot be taken up");
                return Err(WireError::Closed);
            }
        }
        Ok(())
    }

    async fn take_up_one(&mut self, held: &HeldAttempt) -> Result<Result<(), StoreError>, WireError> {
        // Marked before the store is asked: a former link that ends now leaves its lease alone.
        let _carrying = self.fleet.live.get(held.job).map(|live| live.carry());
        // And where another controller has ended it, that was not heeded here meanwhile.
        self.fleet.live.stray(held.job);
        let taken = match self.fleet.store.take_over(held.job, held.attempt, &self.name, LEASE).await {
            Ok(taken) => taken,
            Err(error) => return Ok(Err(error)),
        };
        match taken {
            TakenOver::Resumed(claim)
                if held.stdin.is_some() && claim.stdin_follows && !self.has_input(&claim) =>
            {
                if let Err(error) = ending::without_input(&*self.fleet.store, &self.fleet.live, &claim).await
                {
                    return Ok(Err(error));
                }
            }
            TakenOver::Resumed(claim) => {
                self.resume(claim, held);
                return Ok(Ok(()));
            }
            TakenOver::Recorded | TakenOver::Stale => {}
        }
        let forget = ToRunner::Forget { job: held.job, attempt: held.attempt };
        self.connection.outgoing.message(0, &forget).await.map(Ok)
    }

    fn resume(&mut self, claim: Claim, held: &HeldAttempt) {
        tracing::info!(job = %claim.id, attempt = %claim.attempt, runner = self.name, "an attempt is taken up");
        let live = self.fleet.live.get_or_open(claim.id);
        live.resumed(&self.name, claim.attempt);
        self.membership.resumed(&claim);
        self.begin(claim, Opening::Resume(held.stdin));
    }

    /// Gives back a job that came while what the runner holds was taken up, and found no room then.
    pub(super) async fn turn_back(&mut self, claim: &Claim) {
        let (fleet, id) = (self.fleet, claim.id);
        self.membership.refused(id);
        fleet.live.get_or_open(id).refused(claim.attempt);
        match fleet.store.release(id, claim.attempt, Release::Refused).await {
            Ok(released) => ending::announce(&fleet.live, &fleet.backlog, id, released),
            Err(error) => {
                // Its lease runs out, or it was done all the same.
                fleet.backlog.doubt();
                tracing::error!(%error, "a job cannot be given back");
            }
        }
    }

    /// Whether the input that is streamed to a job is here.
    fn has_input(&self, claim: &Claim) -> bool {
        self.fleet.live.get(claim.id).is_some_and(|live| live.stdin().is_some())
    }

    /// Makes leases last, and hears what others want of the attempts.
    pub(super) async fn renew(&mut self) -> Result<(), WireError> {
        // Those whose end is still to be recorded as well: where their leases ran out it would be too late.
        let attempts: Vec<_> = self.running.values().map(Running::key).chain(self.recording.keys()).collect();
        if attempts.is_empty() {
            return Ok(());
        }
        let Renewed { gone, cancelled } = match self.fleet.store.renew(&attempts, LEASE).await {
            Ok(renewed) => renewed,
            Err(error) => {
                tracing::error!(%error, "leases cannot be renewed");
                return Ok(());
            }
        };
        for running in self.running.values().filter(|running| cancelled.contains(&running.key())) {
            running.live().cancel();
        }
        let streams = self.running.iter().filter(|(_, running)| gone.contains(&running.key()));
        let streams: Vec<u32> = streams.map(|(stream, _)| *stream).collect();
        for stream in streams {
            self.claim_back(stream).await?;
        }
        Ok(())
    }

    /// An attempt is another controller's by the store, and this one's by the runner, which decides: one link at a
    /// time carries an attempt. Only where it is over for the store it is over here.
    async fn claim_back(&mut self, stream: u32) -> Result<(), WireError> {
        let Some((id, attempt)) = self.running.get(&stream).map(Running::key) else { return Ok(()) };
        match self.fleet.store.take_over(id, attempt, &self.name, LEASE).await {
            Ok(TakenOver::Resumed(_)) => Ok(()),
            Ok(TakenOver::Recorded | TakenOver::Stale) => {
                tracing::info!(job = %id, %attempt, "an attempt is over elsewhere");
                self.connection.outgoing.message(stream, &ToRunner::Cancel).await?;
                self.membership.gone(id);
                self.end(stream, End::Elsewhere);
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "a lease cannot be looked at");
                Ok(())
            }
        }
    }

    /// The link is gone: gives the runner a short while to come back with what it has.
    pub(super) async fn linger(&mut self) {
        let running: Vec<_> = std::mem::take(&mut self.running)
            .into_values()
            .map(|running| running.end(End::Elsewhere))
            .collect();
        let mut left: Vec<_> = running.into_iter().map(Ended::leave).collect();
        // A newer link of the same runner may carry it by now.
        left.retain(|(_, live)| !live.is_carried());
        let keys: Vec<_> = left.iter().map(|(key, _)| *key).collect();
        left.iter().for_each(|(_, live)| self.fleet.live.stray(live.id()));
        match self.fleet.store.renew(&keys, GRACE).await {
            Ok(renewed) => left.retain(|(key, _)| !renewed.gone.contains(key)),
            // Their leases last a little longer, then.
            Err(error) => tracing::error!(%error, "leases cannot be cut short"),
        }
        self.fleet.lingering.add(self.runner, &self.name, left);
    }
}
