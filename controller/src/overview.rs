//! The cluster as it changes, for those who watch it: looked at once a second for all of them together, and only while
//! there is somebody. What they are told is written once, and shared.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use protocol::cluster::{ClusterChange, ClusterSnapshot, RunnerInfo};
use serde::Serialize;
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::jobs::Jobs;

/// How often it is looked at.
const EACH: Duration = Duration::from_secs(1);

/// What makes the events and hands them out.
pub struct Overview {
    jobs: Jobs,
    /// `None` while nobody watches.
    moments: watch::Sender<Option<Arc<Moment>>>,
    wanted: Notify,
    stop: CancellationToken,
}

/// The cluster at a moment.
struct Moment {
    number: u64,
    seen: ClusterSnapshot,
    /// All of it, once somebody wants it, as a server-sent event.
    snapshot: OnceLock<Bytes>,
    /// What is other than the moment before, as a server-sent event.
    change: Bytes,
}

/// Somebody who watches.
pub struct Spectator {
    moments: watch::Receiver<Option<Arc<Moment>>>,
    /// The number of the last moment that they were told of.
    last: Option<u64>,
    stop: CancellationToken,
}

impl Overview {
    /// Nobody watches yet.
    pub fn new(jobs: Jobs, stop: CancellationToken) -> Self {
        Self { jobs, moments: watch::Sender::new(None), wanted: Notify::new(), stop }
    }

    /// Looks at the cluster while somebody watches, until told to stop.
    pub async fn run(self: Arc<Self>) {
        tokio::select! {
            () = self.look() => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Begins to watch.
    pub fn watch(&self) -> Spectator {
        let moments = self.moments.subscribe();
        self.wanted.notify_one();
        Spectator { moments, last: None, stop: self.stop.clone() }
    }

    async fn look(&self) {
        let mut ticks = interval(EACH);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut number, mut told) = (0, false);
        loop {
            if self.moments.receiver_count() == 0 {
                self.moments.send_replace(None);
                self.wanted.notified().await;
                continue;
            }
            ticks.tick().await;
            match self.jobs.snapshot().await {
                Ok(seen) => {
                    number += 1;
                    told = false;
                    let before = self.moments.borrow().clone();
                    self.moments.send_replace(Some(Arc::new(Moment::new(number, before.as_deref(), seen))));
                }
                Err(error) => {
                    if !told {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "nobody can watch the cluster"
                        );
                    }
                    told = true;
                }
            }
        }
    }
}

impl Moment {
    fn new(number: u64, before: Option<&Self>, seen: ClusterSnapshot) -> Self {
        let before = before.map_or(&[][..], |before| &before.seen.runners);
        let change = event("change", &change(before, &seen));
        Self { number, seen, snapshot: OnceLock::new(), change }
    }

    fn snapshot(&self) -> Bytes {
        self.snapshot.get_or_init(|| event("snapshot", &self.seen)).clone()
    }
}

impl Spectator {
    /// The next server-sent event: at first all of it, then what has changed, and all of it again for those who missed
    /// some. `None` where the controller ends.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            let moment = self.moments.borrow_and_update().clone();
            if let Some(moment) = moment.filter(|moment| self.last != Some(moment.number)) {
                let follows = self.last.is_some_and(|last| last + 1 == moment.number);
                self.last = Some(moment.number);
                return Some(if follows { moment.change.clone() } else { moment.snapshot() });
            }
            tokio::select! {
                changed = self.moments.changed() => changed.ok()?,
                () = self.stop.cancelled() => return None,
            }
        }
    }
}

/// What is other than before.
fn change(before: &[RunnerInfo], now: &ClusterSnapshot) -> ClusterChange {
    let ClusterSnapshot { cluster, runners, activity } = now;
    let known: HashMap<&str, &RunnerInfo> =
        before.iter().map(|runner| (runner.name.as_str(), runner)).collect();
    let is_new = |runner: &&RunnerInfo| known.get(runner.name.as_str()) != Some(runner);
    let here: HashMap<&str, &RunnerInfo> =
        runners.iter().map(|runner| (runner.name.as_str(), runner)).collect();
    let gone = before.iter().map(|runner| &runner.name).filter(|name| !here.contains_key(name.as_str()));
    ClusterChange {
        cluster: cluster.clone(),
        activity: activity.clone(),
        runners: runners.iter().filter(is_new).cloned().collect(),
        gone: gone.cloned().collect(),
    }
}

/// A server-sent event. JSON has no line breaks.
fn event(name: &str, data: &impl Serialize) -> Bytes {
    // Plain data always becomes JSON; were it not to, the event would stand without it.
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n").into()
}

#[cfg(test)]
mod tests {
    use protocol::Timestamp;
    use protocol::cluster::{Activity, ClusterInfo};

    use super::*;

    fn seen() -> ClusterSnapshot {
        let (at, started_at, version) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, String::new());
        let (runners, available_runners, slots, queued, running, max_queue) = Default::default();
        let (submitted, started, finished, jobs_per_second, wait_ms) = Default::default();
        let (verdicts, queued_by_language, window_seconds, draining) = Default::default();
        let activity = Activity {
            at,
            window_seconds,
            submitted,
            started,
            finished,
            jobs_per_second,
            wait_ms,
            verdicts,
            queued_by_language,
        };
        let cluster = ClusterInfo {
            version,
            started_at,
            runners,
            available_runners,
            slots,
            queued,
            running,
            max_queue,
            draining,
            activity: None,
        };
        ClusterSnapshot { cluster, runners: Vec::new(), activity }
    }

    async fn name(spectator: &mut Spectator) -> String {
        let event = String::from_utf8(spectator.next().await.unwrap().into()).unwrap();
        event.lines().next().unwrap().to_owned()
    }

    #[tokio::test]
    async fn whoever_is_too_slow_is_told_all_of_it_again() {
        let (sender, stop) = (watch::Sender::new(None), CancellationToken::new());
        let mut spectator = Spectator { moments: sender.subscribe(), last: None, stop: stop.clone() };
        let show = |number| sender.send_replace(Some(Arc::new(Moment::new(number, None, seen()))));
        show(7);
        assert_eq!(name(&mut spectator).await, "event: snapshot");
        show(8);
        assert_eq!(name(&mut spectator).await, "event: change");
        show(9);
        show(10);
        assert_eq!(name(&mut spectator).await, "event: snapshot");
        stop.cancel();
        assert_eq!(spectator.next().await, None);
    }

    #[test]
    fn what_is_written_is_shared() {
        let moment = Moment::new(1, None, seen());
        assert_eq!(moment.snapshot().as_ptr(), moment.snapshot().as_ptr());
    }
}
