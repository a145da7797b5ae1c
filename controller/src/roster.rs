//! The runners that are connected: what they offer, how they are, what they have.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use protocol::cluster::{LanguageInfo, RunnerInfo, RunnerState};
use protocol::runner::{LanguageOffer, Registration, Telemetry};
use protocol::{ExceededLimit, Limits, LimitsRequest, Problem, ProblemKind, RunnerId, Timestamp};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::lock::lock;
use crate::scheduler;
use crate::store::Claim;

/// The runners.
#[derive(Debug, Default)]
pub struct Roster {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    runners: BTreeMap<RunnerId, Member>,
    /// What was ever offered, by id: a language stays known when its last runner leaves.
    known: BTreeMap<String, LanguageOffer>,
    next_session: u64,
}

impl State {
    fn learn(&mut self, offers: &[LanguageOffer]) {
        self.known.extend(offers.iter().map(|offer| (offer.id.clone(), offer.clone())));
    }
}

#[derive(Debug)]
struct Member {
    session: u64,
    registration: Registration,
    telemetry: Option<Telemetry>,
    connected_at: Timestamp,
    assigned: u32,
    /// It refused a job: it gets no other before it says anew how it is.
    refused: bool,
    /// Whether it understands that it is to leave.
    can_be_drained: bool,
    drain: CancellationToken,
    claims: mpsc::Sender<Claim>,
}

/// A runner's place in the roster; dropping it gives the place up.
#[derive(Debug)]
pub struct Membership {
    roster: Arc<Roster>,
    id: RunnerId,
    session: u64,
    drain: CancellationToken,
}

impl Roster {
    /// Takes a runner in. Returns its place and the jobs that it is given.
    ///
    /// # Errors
    /// Where another runner has its name.
    pub fn join(
        self: &Arc<Self>,
        registration: Registration,
    ) -> Result<(Membership, mpsc::Receiver<Claim>), Problem> {
        let mut state = lock(&self.state);
        let taken = |member: &Member| {
            member.registration.name == registration.name && member.registration.id != registration.id
        };
        if state.runners.values().any(taken) {
            let detail = format!("there is a runner called {:?} already", registration.name);
            return Err(Problem::new(ProblemKind::Conflict, detail).at("name"));
        }
        state.next_session += 1;
        let (session, id) = (state.next_session, registration.id);
        state.learn(&registration.languages);
        let (claims, receiver) = mpsc::channel(registration.max_jobs.clamp(1, 1024) as usize);
        let member = Member {
            session,
            registration,
            telemetry: None,
            connected_at: Timestamp::now(),
            assigned: 0,
            refused: false,
            can_be_drained: false,
            drain: CancellationToken::new(),
            claims,
        };
        let drain = member.drain.clone();
        // A session of the same life that has not noticed its end yet is replaced.
        state.runners.insert(id, member);
        drop(state);
        self.changed.notify_one();
        Ok((Membership { roster: Arc::clone(self), id, session, drain }, receiver))
    }

    /// Notified when there may be room for a job that there was none for.
    pub fn changed(&self) -> &Notify {
        &self.changed
    }

    /// The runners as the scheduler sees them.
    pub fn view(&self) -> BTreeMap<RunnerId, scheduler::Runner> {
        lock(&self.state).runners.iter().map(|(id, member)| (*id, member.view())).collect()
    }

    /// Gives a job to a runner.
    ///
    /// # Errors
    /// The claim, where the runner is gone.
    pub fn assign(&self, id: RunnerId, claim: Claim) -> Result<(), Box<Claim>> {
        let mut state = lock(&self.state);
        let Some(member) = state.runners.get_mut(&id) else { return Err(Box::new(claim)) };
        member.claims.try_send(claim).map_err(|error| Box::new(error.into_inner()))?;
        member.assigned += 1;
        Ok(())
    }

    /// Lets a runner leave, given its name or id, once it has finished what it runs. Returns it as it is.
    ///
    /// # Errors
    /// Where there is none, or it cannot be told.
    pub fn drain(&self, runner: &str) -> Result<RunnerInfo, Problem> {
        let state = lock(&self.state);
        let is_meant =
            |id: &RunnerId, member: &Member| member.registration.name == runner || runner.parse() == Ok(*id);
        let Some((_, member)) = state.runners.iter().find(|(id, member)| is_meant(id, member)) else {
            let names = state.runners.values().map(|member| member.registration.name.as_str());
            let mut known: Vec<&str> = names.collect();
            known.sort_unstable();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let detail = format!("there is no runner {runner:?} here; there are {known}");
            return Err(Problem::new(ProblemKind::NotFound, detail).at("runner"));
        };
        if !member.can_be_drained {
            let name = &member.registration.name;
            let detail =
                format!("runner {name} is of a version that cannot be told to leave: send it SIGTERM");
            return Err(Problem::new(ProblemKind::Conflict, detail).at("runner"));
        }
        member.drain.cancel();
        Ok(member.info())
    }

    /// The id of a language, given its id or an alias in any case. `None` where nobody ever offered it; the
    /// text itself, in lower case, while nothing was ever offered.
    pub fn resolve(&self, language: &str) -> Option<String> {
        let wanted = language.to_lowercase();
        let state = lock(&self.state);
        if state.known.is_empty() {
            return Some(wanted);
        }
        let is_called = |offer: &&LanguageOffer| {
            let mut names = offer.aliases.iter().chain([&offer.id, &offer.name]);
            names.any(|name| name.to_lowercase() == wanted)
        };
        state.known.values().find(is_called).map(|offer| offer.id.clone())
    }

    /// The ids of all languages that were ever offered.
    pub fn known(&self) -> Vec<String> {
        lock(&self.state).known.keys().cloned().collect()
    }

    /// What was offered of a language.
    pub fn offer(&self, language: &str) -> Option<LanguageOffer> {
        lock(&self.state).known.get(language).cloned()
    }

    /// Whether some connected runner allows this much, if any offers the language.
    ///
    /// # Errors
    /// The limit that is over what the most generous runner allows.
    pub fn allows(&self, language: &str, asked: &LimitsRequest) -> Result<(), ExceededLimit> {
        let state = lock(&self.state);
        let mut last = Ok(());
        for maximum in state.runners.values().filter_map(|member| member.maximum(language)) {
            last = asked.check(maximum);
            if last.is_ok() {
                return Ok(());
            }
        }
        last
    }

    /// The runners, by name, as users see them.
    pub fn runners(&self) -> Vec<RunnerInfo> {
        let state = lock(&self.state);
        let mut runners: Vec<RunnerInfo> = state.runners.values().map(Member::info).collect();
        runners.sort_by(|one, other| one.name.cmp(&other.name));
        runners
    }

    /// The languages, by id, as users see them.
    pub fn languages(&self) -> Vec<LanguageInfo> {
        let state = lock(&self.state);
        let info = |offer: &LanguageOffer| {
            let offers = state.runners.values().filter_map(|member| member.offer(&offer.id));
            let offers: Vec<&LanguageOffer> = offers.collect();
            let mut versions: Vec<String> = offers.iter().filter_map(|offer| offer.version.clone()).collect();
            versions.sort_unstable();
            versions.dedup();
            LanguageInfo {
                id: offer.id.clone(),
                name: offer.name.clone(),
                aliases: offer.aliases.clone(),
                extensions: offer.extensions.clone(),
                versions,
                runners: u32::try_from(offers.len()).unwrap_or(u32::MAX),
                default_limits: offer.default_limits,
                maximum_limits: offers.iter().fold(offer.maximum_limits, |most, offer| highest(&most, offer)),
            }
        };
        state.known.values().map(info).collect()
    }

    fn with(&self, membership: &Membership, change: impl FnOnce(&mut Member)) {
        let mut state = lock(&self.state);
        let member = state.runners.get_mut(&membership.id);
        if let Some(member) = member.filter(|member| member.session == membership.session) {
            change(member);
        }
        drop(state);
        self.changed.notify_one();
    }
}

fn highest(most: &Limits, offer: &LanguageOffer) -> Limits {
    let other = &offer.maximum_limits;
    Limits {
        cpu_seconds: most.cpu_seconds.max(other.cpu_seconds),
        wall_seconds: most.wall_seconds.max(other.wall_seconds),
        memory_bytes: most.memory_bytes.max(other.memory_bytes),
        processes: most.processes.max(other.processes),
        output_bytes: most.output_bytes.max(other.output_bytes),
        disk_bytes: most.disk_bytes.max(other.disk_bytes),
    }
}

impl Membership {
    /// The runner said how it is.
    pub fn telemetry(&self, telemetry: Telemetry) {
        self.roster.with(self, |member| {
            member.telemetry = Some(telemetry);
            member.refused = false;
        });
    }

    /// What it offers has changed.
    pub fn offers(&self, now: Registration) {
        lock(&self.roster.state).learn(&now.languages);
        self.roster.with(self, |member| {
            member.registration.languages = now.languages;
            member.registration.selftest = now.selftest;
        });
    }

    /// It understands that it is to leave.
    pub fn can_be_drained(&self) {
        self.roster.with(self, |member| member.can_be_drained = true);
    }

    /// Tells when it is to leave.
    pub fn drained(&self) -> CancellationToken {
        self.drain.clone()
    }

    /// It still has a job that it was given over a former link.
    pub fn resumed(&self) {
        self.roster.with(self, |member| member.assigned += 1);
    }

    /// A job that it was given has ended there.
    pub fn done(&self) {
        self.roster.with(self, |member| member.assigned = member.assigned.saturating_sub(1));
    }

    /// It did not take a job.
    pub fn refused(&self) {
        self.roster.with(self, |member| {
            member.assigned = member.assigned.saturating_sub(1);
            member.refused = true;
        });
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut state = lock(&self.roster.state);
        if state.runners.get(&self.id).is_some_and(|member| member.session == self.session) {
            state.runners.remove(&self.id);
        }
        drop(state);
        self.roster.changed.notify_one();
    }
}

impl Member {
    fn offer(&self, language: &str) -> Option<&LanguageOffer> {
        self.registration.languages.iter().find(|offer| offer.id == language)
    }

    fn maximum(&self, language: &str) -> Option<&Limits> {
        self.offer(language).map(|offer| &offer.maximum_limits)
    }

    fn unavailable(&self) -> Option<String> {
        match &self.telemetry {
            None => Some("has just connected".to_owned()),
            Some(telemetry) if telemetry.draining => Some("is leaving".to_owned()),
            Some(Telemetry { unavailable: Some(reason), .. }) => Some(reason.clone()),
            Some(_) if self.refused => Some("refused a job a moment ago".to_owned()),
            Some(_) => None,
        }
    }

    fn view(&self) -> scheduler::Runner {
        let languages = self.registration.languages.iter();
        scheduler::Runner {
            name: self.registration.name.clone(),
            languages: languages.map(|offer| (offer.id.clone(), offer.maximum_limits)).collect(),
            max_jobs: self.registration.max_jobs,
            assigned: self.assigned,
            unavailable: self.unavailable(),
            cpu_percent: self.telemetry.as_ref().map_or(0.0, |telemetry| telemetry.cpu_percent),
            warm: self.telemetry.as_ref().map_or_else(BTreeMap::new, |telemetry| telemetry.warm.clone()),
        }
    }

    fn info(&self) -> RunnerInfo {
        let reason = self.unavailable();
        let draining = self.telemetry.as_ref().is_some_and(|telemetry| telemetry.draining);
        let state = match &reason {
            _ if draining => RunnerState::Draining,
            Some(_) => RunnerState::Unavailable,
            None => RunnerState::Available,
        };
        let registration = &self.registration;
        RunnerInfo {
            id: registration.id,
            name: registration.name.clone(),
            version: registration.version.clone(),
            state,
            reason,
            languages: registration.languages.iter().map(|offer| offer.id.clone()).collect(),
            max_jobs: registration.max_jobs,
            assigned_jobs: self.assigned,
            cpus: registration.cpus,
            memory_bytes: registration.memory_bytes,
            connected_at: self.connected_at,
            selftest: registration.selftest.clone(),
            telemetry: self.telemetry.clone(),
            labels: registration.labels.clone(),
        }
    }
}
