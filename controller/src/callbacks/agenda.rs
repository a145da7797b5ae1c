//! Which callback is sent next. Pure: knows only what it is told, and the time. No receiver and no owner gets more than
//! its part, so that a slow one holds up nobody but itself.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use protocol::{JobId, Timestamp};

/// Callbacks that are sent at once: in all, to one receiver, for one owner.
const MOST: usize = 32;
const MOST_PER_RECEIVER: usize = 4;
const MOST_PER_OWNER: usize = 8;

/// Whom a callback concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parties {
    /// The receiver's host and port.
    pub receiver: String,
    /// The job's owner, where it has one.
    pub owner: Option<String>,
}

/// Where a callback stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its job has not finished, as far as is known.
    Waits,
    /// Its job has finished: what it says is still to be kept.
    Ended,
    /// It is to be sent then.
    Due(Timestamp),
    /// It is being sent.
    Sent,
}

#[derive(Debug)]
struct Entry {
    parties: Parties,
    stage: Stage,
}

/// What is owed, as far as this controller knows.
#[derive(Debug, Default)]
pub struct Agenda {
    entries: HashMap<JobId, Entry>,
    ended: VecDeque<JobId>,
    /// What is due, by receiver; the first one first.
    due: BTreeMap<String, BTreeSet<(Timestamp, JobId)>>,
    by_receiver: HashMap<String, usize>,
    by_owner: HashMap<Option<String>, usize>,
    owed: HashMap<Option<String>, usize>,
    sent: usize,
}

impl Agenda {
    /// A callback is owed once this job has finished.
    pub fn expect(&mut self, job: JobId, parties: Parties) {
        if !self.entries.contains_key(&job) {
            *self.owed.entry(parties.owner.clone()).or_default() += 1;
            self.entries.insert(job, Entry { parties, stage: Stage::Waits });
        }
    }

    /// The job has finished. Returns whether that is news.
    pub fn ended(&mut self, job: JobId) -> bool {
        let Some(entry) = self.entries.get_mut(&job).filter(|entry| entry.stage == Stage::Waits) else {
            return false;
        };
        entry.stage = Stage::Ended;
        self.ended.push_back(job);
        true
    }

    /// The next finished job of which it is still to be kept what its callback says.
    pub fn next_ended(&mut self) -> Option<JobId> {
        self.ended.pop_front()
    }

    /// Those of which it is not known that they have finished.
    pub fn waiting(&self) -> HashSet<JobId> {
        let waiting = self.entries.iter().filter(|(_, entry)| entry.stage == Stage::Waits);
        waiting.map(|(job, _)| *job).collect()
    }

    /// Whether nobody here is about to do something for this job's callback.
    pub fn waits(&self, job: JobId) -> bool {
        self.entries.get(&job).is_none_or(|entry| entry.stage == Stage::Waits)
    }

    /// It was looked at in vain: it waits again.
    pub fn wait(&mut self, job: JobId) {
        self.put(job, Stage::Waits);
    }

    /// The job's callback is to be sent then.
    pub fn due(&mut self, job: JobId, at: Timestamp) {
        self.put(job, Stage::Due(at));
    }

    /// Nothing is owed for this job any more.
    pub fn forget(&mut self, job: JobId) {
        self.leave(job);
        let Some(entry) = self.entries.remove(&job) else { return };
        subtract(&mut self.owed, &entry.parties.owner);
    }

    /// The next one to be sent now, which counts as being sent from now on.
    pub fn next(&mut self, now: Timestamp) -> Option<JobId> {
        let (_, job) = self.first().filter(|(at, _)| *at <= now)?;
        self.leave(job);
        let entry = self.entries.get_mut(&job)?;
        entry.stage = Stage::Sent;
        *self.by_receiver.entry(entry.parties.receiver.clone()).or_default() += 1;
        *self.by_owner.entry(entry.parties.owner.clone()).or_default() += 1;
        self.sent += 1;
        Some(job)
    }

    /// When the next one is due that could be sent.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.first().map(|(at, _)| at)
    }

    /// How many are owed for this owner.
    pub fn owed(&self, owner: Option<&str>) -> usize {
        self.owed.get(&owner.map(str::to_owned)).copied().unwrap_or(0)
    }

    /// How many are owed in all.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The first one that is due of those for which there is room.
    fn first(&self) -> Option<(Timestamp, JobId)> {
        if self.sent >= MOST {
            return None;
        }
        let has_room =
            |receiver: &str| self.by_receiver.get(receiver).is_none_or(|sent| *sent < MOST_PER_RECEIVER);
        let owner_has_room = |job: &JobId| {
            let owner = self.entries.get(job).map(|entry| &entry.parties.owner);
            owner.and_then(|owner| self.by_owner.get(owner)).is_none_or(|sent| *sent < MOST_PER_OWNER)
        };
        let lines = self.due.iter().filter(|(receiver, _)| has_room(receiver));
        lines.filter_map(|(_, line)| line.iter().find(|(_, job)| owner_has_room(job))).min().copied()
    }

    fn put(&mut self, job: JobId, stage: Stage) {
        self.leave(job);
        let Some(entry) = self.entries.get_mut(&job) else { return };
        entry.stage = stage;
        if let Stage::Due(at) = stage {
            self.due.entry(entry.parties.receiver.clone()).or_default().insert((at, job));
        }
    }

    /// Takes a callback out of where it stands.
    fn leave(&mut self, job: JobId) {
        let Some(Entry { parties, stage }) = self.entries.get(&job) else { return };
        match *stage {
            Stage::Waits => {}
            Stage::Ended => self.ended.retain(|other| *other != job),
            Stage::Due(at) => {
                let Some(line) = self.due.get_mut(&parties.receiver) else { return };
                line.remove(&(at, job));
                if line.is_empty() {
                    self.due.remove(&parties.receiver);
                }
            }
            Stage::Sent => {
                subtract(&mut self.by_receiver, &parties.receiver);
                subtract(&mut self.by_owner, &parties.owner);
                self.sent -= 1;
            }
        }
    }
}

fn subtract<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    let Some(count) = counts.get_mut(key) else { return };
    *count -= 1;
    if *count == 0 {
        counts.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// A callback that is due at once.
    fn due(agenda: &mut Agenda, receiver: &str, owner: &str, seconds: i64) -> JobId {
        let job = JobId::random();
        agenda.expect(job, Parties { receiver: receiver.to_owned(), owner: Some(owner.to_owned()) });
        assert!(agenda.ended(job) && !agenda.ended(job));
        assert_eq!(agenda.next_ended(), Some(job));
        agenda.due(job, at(seconds));
        job
    }

    fn all(agenda: &mut Agenda, now: i64) -> Vec<JobId> {
        std::iter::from_fn(|| agenda.next(at(now))).collect()
    }

    #[test]
    fn what_is_due_first_is_sent_first_and_nothing_too_early() {
        let mut agenda = Agenda::default();
        let late = due(&mut agenda, "a", "ada", 9);
        let early = due(&mut agenda, "b", "ada", 5);
        assert_eq!(agenda.next_at(), Some(at(5)));
        assert_eq!(agenda.next(at(4)), None);
        assert_eq!(all(&mut agenda, 9), [early, late]);
        agenda.due(early, at(20));
        assert_eq!(all(&mut agenda, 19), []);
        assert_eq!(all(&mut agenda, 20), [early]);
    }

    #[test]
    fn a_receiver_and_an_owner_get_their_part_and_others_theirs() {
        let mut agenda = Agenda::default();
        let slow: Vec<JobId> = (0..9).map(|_| due(&mut agenda, "slow", "ada", 1)).collect();
        assert_eq!(all(&mut agenda, 1).len(), MOST_PER_RECEIVER);
        for number in 0..9 {
            due(&mut agenda, &format!("a{number}"), "ada", 1);
        }
        assert_eq!(all(&mut agenda, 1).len(), MOST_PER_OWNER - MOST_PER_RECEIVER);
        let other = due(&mut agenda, "b", "bob", 2);
        assert_eq!(all(&mut agenda, 2), [other]);
        assert_eq!(agenda.next_at(), None, "the rest waits for room");
        slow.iter().for_each(|job| agenda.forget(*job));
        assert_eq!(all(&mut agenda, 2).len(), MOST_PER_RECEIVER);
    }

    #[test]
    fn no_more_are_sent_at_once_than_may_be() {
        let mut agenda = Agenda::default();
        for number in 0..100 {
            due(&mut agenda, &format!("r{number}"), &format!("o{number}"), 1);
        }
        assert_eq!(all(&mut agenda, 1).len(), MOST);
    }

    #[test]
    fn what_is_forgotten_leaves_nothing() {
        let mut agenda = Agenda::default();
        let jobs: Vec<JobId> = (0..4).map(|_| due(&mut agenda, "a", "ada", 1)).collect();
        agenda.next(at(1));
        agenda.wait(jobs[3]);
        let unseen = JobId::random();
        agenda.expect(unseen, Parties { receiver: "a".to_owned(), owner: None });
        assert!(agenda.ended(unseen) && !agenda.waits(unseen));
        assert_eq!((agenda.len(), agenda.owed(Some("ada")), agenda.owed(None)), (5, 4, 1));
        jobs.iter().chain([&unseen]).for_each(|job| agenda.forget(*job));
        assert_eq!((agenda.len(), agenda.owed(Some("ada")), agenda.next_at()), (0, 0, None));
        assert!(agenda.next_ended().is_none() && agenda.sent == 0);
        assert!(agenda.due.is_empty() && agenda.by_receiver.is_empty() && agenda.by_owner.is_empty());
    }
}
