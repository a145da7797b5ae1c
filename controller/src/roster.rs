//! The runners that are connected: what they offer, how they are, what they have.

mod languages;
mod settings;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use protocol::cluster::{LanguageInfo, RunnerInfo, RunnerSettings, RunnerState};
use protocol::runner::{LanguageOffer, Registration, Telemetry};
use protocol::{ExceededLimit, JobId, LimitsRequest, Problem, ProblemKind, RunnerId, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use languages::{Languages, Menu};
use settings::allowance;

use crate::backlog::Backlog;
use crate::clock;
use crate::lock::lock;
use crate::scheduler::{Ending, Newcomer, Report, Scheduler};
use crate::store::Claim;

/// How many runners are told about at a time.
const AT_A_TIME: usize = 64;

/// The runners.
#[derive(Debug, Default)]
pub struct Roster {
    backlog: Arc<Backlog>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    runners: HashMap<RunnerId, Member>,
    names: HashMap<String, RunnerId>,
    languages: Languages,
    /// What runners are to take, by their names.
    settings: HashMap<String, RunnerSettings>,
    next_session: u64,
}

#[derive(Debug)]
struct Member {
    session: u64,
    /// What it said of itself, without its languages.
    registration: Registration,
    menu: Menu,
    telemetry: Option<Telemetry>,
    connected_at: Timestamp,
    settings: RunnerSettings,
    /// Whether it understands that it is to leave.
    can_be_drained: bool,
    drain: CancellationToken,
    claims: mpsc::Sender<Claim>,
}

/// How many runners there are and what they take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Connected runners.
    pub runners: u32,
    /// Those of them that take jobs.
    pub available: u32,
    /// How many jobs all of them take at once.
    pub slots: u32,
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
    /// No runners yet; the jobs that they are to run wait there.
    pub fn new(backlog: Arc<Backlog>) -> Self {
        Self { backlog, state: Mutex::default() }
    }

    /// Takes a runner in. Returns its place and the jobs that it is given.
    ///
    /// # Errors
    /// Where another runner has its name.
    pub fn join(
        self: &Arc<Self>,
        mut registration: Registration,
    ) -> Result<(Membership, mpsc::Receiver<Claim>), Problem> {
        let state = &mut *lock(&self.state);
        let id = registration.id;
        if state.names.get(&registration.name).is_some_and(|other| *other != id) {
            let detail = format!("there is a runner called {:?} already", registration.name);
            return Err(Problem::new(ProblemKind::Conflict, detail).at("name"));
        }
        state.next_session += 1;
        let session = state.next_session;
        let menu = state.languages.learn(std::mem::take(&mut registration.languages));
        let (claims, receiver) = mpsc::channel(registration.max_jobs.clamp(1, 1024) as usize);
        let newcomer = newcomer(&registration, &menu);
        let settings = state.settings.get(&registration.name).cloned().unwrap_or_default();
        let allowance = allowance(&settings);
        let drain = CancellationToken::new();
        let member = Member {
            session,
            registration,
            menu,
            telemetry: None,
            connected_at: clock::now(),
            settings,
            can_be_drained: false,
            drain: drain.clone(),
            claims,
        };
        let name = member.registration.name.clone();
        // A session of the same life that has not noticed its end yet is replaced.
        if let Some(former) = state.runners.insert(id, member) {
            state.names.remove(&former.registration.name);
        }
        state.names.insert(name, id);
        self.backlog.with(|scheduler, now| {
            scheduler.join(newcomer, now);
            scheduler.allow(id, allowance);
        });
        Ok((Membership { roster: Arc::clone(self), id, session, drain }, receiver))
    }

    /// Makes languages known that runners of earlier times offered.
    pub fn recall(&self, offers: Vec<LanguageOffer>) {
        lock(&self.state).languages.learn(offers);
    }

    /// What a connected runner says of itself.
    pub fn registration(&self, id: RunnerId) -> Option<Registration> {
        let state = lock(&self.state);
        let member = state.runners.get(&id)?;
        Some(Registration { languages: member.menu.to_vec(), ..member.registration.clone() })
    }

    /// Gives a job to a runner that the scheduler has chosen for it.
    ///
    /// # Errors
    /// The claim, where the runner is gone.
    pub fn assign(&self, id: RunnerId, claim: Claim) -> Result<(), Box<Claim>> {
        let state = lock(&self.state);
        // It may have left, and come back, since it was chosen.
        let member = state.runners.get(&id);
        let member = member.filter(|_| self.backlog.with(|scheduler, _| scheduler.hand(id, claim.id)));
        let Some(member) = member else { return Err(Box::new(claim)) };
        member.claims.try_send(claim).map_err(|error| {
            let claim = error.into_inner();
            self.backlog.with(|scheduler, now| scheduler.end(id, claim.id, Ending::Refused, now));
            Box::new(claim)
        })
    }

    /// The id of a language, given its id or an alias in any case. `None` where nobody ever offered it; the
    /// text itself, in lower case, while nothing was ever offered.
    pub fn resolve(&self, language: &str) -> Option<String> {
        lock(&self.state).languages.resolve(language)
    }

    /// The ids of all languages that were ever offered.
    pub fn known(&self) -> Vec<String> {
        lock(&self.state).languages.known().keys().cloned().collect()
    }

    /// What was offered of a language.
    pub fn offer(&self, language: &str) -> Option<LanguageOffer> {
        lock(&self.state).languages.known().get(language).cloned()
    }

    /// Whether some connected runner allows this much, if any offers the language.
    ///
    /// # Errors
    /// The limit that is over what the most generous runner allows.
    pub fn allows(&self, language: &str, asked: &LimitsRequest) -> Result<(), ExceededLimit> {
        self.backlog.with(|scheduler, _| scheduler.allows(language, asked))
    }

    /// The runners, by name, as users see them. Some at a time, so that a large fleet does not hold up dispatch.
    pub fn runners(&self) -> Vec<RunnerInfo> {
        let ids: Vec<RunnerId> = lock(&self.state).runners.keys().copied().collect();
        let mut runners = Vec::with_capacity(ids.len());
        for some in ids.chunks(AT_A_TIME) {
            let state = lock(&self.state);
            let members = some.iter().filter_map(|id| state.runners.get(id));
            self.backlog.with(|scheduler, now| {
                runners.extend(members.map(|member| member.info(scheduler, now)));
            });
        }
        runners.sort_by(|one: &RunnerInfo, other| one.name.cmp(&other.name));
        runners
    }

    /// How many runners there are and what they take.
    pub fn totals(&self) -> Totals {
        let state = lock(&self.state);
        self.backlog.with(|scheduler, now| {
            let mut totals = Totals::default();
            for (id, member) in &state.runners {
                totals.runners += 1;
                totals.available += u32::from(scheduler.unavailable(*id, now).is_none());
                totals.slots = totals.slots.saturating_add(member.max_jobs());
            }
            totals
        })
    }

    /// The languages, by id, as users see them.
    pub fn languages(&self) -> Vec<LanguageInfo> {
        let state = lock(&self.state);
        state.languages.info(state.runners.values().map(|member| &member.menu))
    }

    /// Changes a member, and tells the scheduler, unless a newer session has its place.
    fn with(&self, membership: &Membership, change: impl FnOnce(&mut State, &mut Scheduler, Timestamp)) {
        let state = &mut *lock(&self.state);
        if state.is_current(membership) {
            self.backlog.with(|scheduler, now| change(state, scheduler, now));
        }
    }
}

impl State {
    /// The runner with this name or id.
    fn called(&self, runner: &str) -> Result<&Member, Problem> {
        let is_meant =
            |id: &RunnerId, member: &Member| member.registration.name == runner || runner.parse() == Ok(*id);
        if let Some((_, member)) = self.runners.iter().find(|(id, member)| is_meant(id, member)) {
            return Ok(member);
        }
        let names = self.runners.values().map(|member| member.registration.name.as_str());
        let mut known: Vec<&str> = names.collect();
        known.sort_unstable();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let detail = format!("there is no runner {runner:?} here; there are {known}");
        Err(Problem::new(ProblemKind::NotFound, detail).at("runner"))
    }

    fn is_current(&self, membership: &Membership) -> bool {
        self.runners.get(&membership.id).is_some_and(|member| member.session == membership.session)
    }
}

impl Membership {
    /// The runner said how it is.
    pub fn telemetry(&self, telemetry: Telemetry) {
        self.roster.with(self, |state, scheduler, _| {
            scheduler.report(self.id, report(&telemetry));
            if let Some(member) = state.runners.get_mut(&self.id) {
                member.telemetry = Some(telemetry);
            }
        });
    }

    /// What it offers has changed.
    pub fn offers(&self, now: Registration) {
        self.roster.with(self, |state, scheduler, _| {
            let menu = state.languages.learn(now.languages);
            scheduler.offer(self.id, Languages::limits(&menu));
            if let Some(member) = state.runners.get_mut(&self.id) {
                member.menu = menu;
                member.registration.selftest = now.selftest;
            }
        });
    }

    /// It understands that it is to leave.
    pub fn can_be_drained(&self) {
        self.roster.with(self, |state, _, _| {
            if let Some(member) = state.runners.get_mut(&self.id) {
                member.can_be_drained = true;
            }
        });
    }

    /// Tells when it is to leave.
    pub fn drained(&self) -> CancellationToken {
        self.drain.clone()
    }

    /// A job that it was given has its verdict.
    pub fn done(&self, job: JobId) {
        self.ended(job, Ending::Finished);
    }

    /// It lost a job that it was given.
    pub fn lost(&self, job: JobId) {
        self.ended(job, Ending::Lost);
    }

    /// A job that it was given is over elsewhere.
    pub fn gone(&self, job: JobId) {
        self.ended(job, Ending::Void);
    }

    /// It did not take a job.
    pub fn refused(&self, job: JobId) {
        self.ended(job, Ending::Refused);
    }

    /// It has a job that it was not given over this link.
    pub fn resumed(&self, claim: &Claim) {
        self.roster.with(self, |_, scheduler, _| {
            scheduler.resume(self.id, claim.id, &claim.spec.language, &claim.share);
        });
    }

    /// It is gone, and gets nothing any more; what it had is lost.
    pub fn leave(&self) {
        self.roster.with(self, |state, scheduler, now| {
            if let Some(member) = state.runners.remove(&self.id) {
                state.names.remove(&member.registration.name);
            }
            scheduler.leave(self.id, now);
        });
    }

    fn ended(&self, job: JobId, ending: Ending) {
        self.roster.with(self, |_, scheduler, now| scheduler.end(self.id, job, ending, now));
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.leave();
    }
}

fn newcomer(registration: &Registration, menu: &Menu) -> Newcomer {
    Newcomer {
        id: registration.id,
        name: registration.name.clone(),
        languages: Languages::limits(menu),
        labels: registration.labels.clone(),
        features: registration.features.clone(),
        max_jobs: registration.max_jobs,
    }
}

fn report(telemetry: &Telemetry) -> Report {
    let unavailable = match telemetry.draining {
        true => Some("is leaving".to_owned()),
        false => telemetry.unavailable.clone(),
    };
    Report {
        unavailable,
        active_jobs: telemetry.active_jobs,
        cpu_percent: telemetry.cpu_percent,
        memory_percent: telemetry.memory_percent,
        warm: telemetry.warm.clone(),
    }
}

impl Member {
    fn info(&self, scheduler: &Scheduler, now: Timestamp) -> RunnerInfo {
        let registration = &self.registration;
        let reason = scheduler.unavailable(registration.id, now);
        let draining = self.telemetry.as_ref().is_some_and(|telemetry| telemetry.draining);
        let state = match &reason {
            _ if draining => RunnerState::Draining,
            Some(_) => RunnerState::Unavailable,
            None => RunnerState::Available,
        };
        RunnerInfo {
            id: registration.id,
            name: registration.name.clone(),
            version: registration.version.clone(),
            state,
            reason,
            languages: self.menu.iter().map(|offer| offer.id.clone()).collect(),
            max_jobs: self.max_jobs(),
            offers_jobs: registration.max_jobs,
            assigned_jobs: scheduler.assigned(registration.id),
            cpus: registration.cpus,
            memory_bytes: registration.memory_bytes,
            connected_at: self.connected_at,
            started_at: registration.started_at,
            selftest: registration.selftest.clone(),
            telemetry: self.telemetry.clone(),
            labels: registration.labels.clone(),
            settings: self.settings.clone(),
        }
    }

    /// How many jobs it is given at once.
    fn max_jobs(&self) -> u32 {
        self.registration.max_jobs.min(self.settings.max_jobs.unwrap_or(u32::MAX))
    }

    /// Whether it is leaving, or was told to.
    fn is_leaving(&self) -> bool {
        self.drain.is_cancelled() || self.telemetry.as_ref().is_some_and(|telemetry| telemetry.draining)
    }
}
