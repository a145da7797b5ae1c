//! Who is who: accounts, sessions and tokens, and what each may do; the cluster's own certificates, and which runners
//! are part of it. All doors ask here. Decisions are pure (`permission`, `attempts`); what is kept are documents in the store.

mod answer;
mod attempts;
mod audit;
pub mod authority;
mod cache;
mod callback_key;
pub mod certificate;
pub mod enrolment;
mod groups;
mod log_in;
mod password;
pub mod permission;
mod principal;
mod quota;
pub mod records;
mod secret;
mod sharing;
mod tokens;
mod usage;
mod users;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::account::{Role, Scope};
use protocol::joining::{JoinTokenRequest, NewJoinToken};
use protocol::{Problem, ProblemKind, Secret};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::config::AnonymousUse;
use crate::lock::lock;
use crate::store::Records;
use crate::wire::Peer;
use attempts::{Attempts, Rate};
use cache::{Cache, Lookup};
use enrolment::Enrolment;
use password::Passwords;
use records::{Bearer, Group, User, find};

pub use answer::action;
pub use audit::Deed;
pub use callback_key::{Whose, callback_key};
pub use permission::{Action, Reach};
pub use principal::{Account, Caller, Principal};
pub use quota::{check_language, hold, hold_judge};
pub use secret::Fingerprint;
pub use usage::{Admission, Usage};

/// How often it is looked whether another controller has made the first account.
const FIRST: Duration = Duration::from_secs(2);

/// How long a set-up link is good.
const SET_UP: Duration = Duration::from_secs(24 * 3600);

/// How often somebody from another machine may run a program without an account.
const PER_GUEST: Rate = Rate { burst: 30, pause: Duration::from_secs(2) };

/// How often it is looked whether another controller has changed how many jobs somebody may run.
const LIMITS: Duration = Duration::from_secs(30);

/// Who may come without an account, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Who may run programs without one.
    pub anonymous_use: AnonymousUse,
    /// Whether everybody is taken for somebody at this machine.
    pub insecure: bool,
    /// Whether jobs can be shared by links.
    pub sharing: bool,
    /// How long a link is kept: longer than a job.
    pub share_life: Duration,
}

/// Who is who.
pub struct Identity {
    store: Arc<dyn Records>,
    enrolment: Arc<Enrolment>,
    rules: Rules,
    passwords: Passwords,
    cache: Cache,
    usage: Arc<Usage>,
    changes: Notify,
    /// Whether there is an account.
    peopled: AtomicBool,
    by_address: Mutex<Attempts<IpAddr>>,
    by_name: Mutex<Attempts<String>>,
    by_guest: Mutex<Attempts<IpAddr>>,
    by_visitor: Mutex<Attempts<IpAddr>>,
}

impl Identity {
    /// The accounts in this store, and whether it is taken to have any until [`begin`](Self::begin) has looked.
    pub fn new(
        store: Arc<dyn Records>,
        enrolment: Arc<Enrolment>,
        usage: Arc<Usage>,
        rules: Rules,
        peopled: bool,
    ) -> Self {
        Self {
            store,
            enrolment,
            rules,
            passwords: Passwords::default(),
            cache: Cache::default(),
            usage,
            changes: Notify::new(),
            peopled: AtomicBool::new(peopled),
            by_address: Mutex::new(Attempts::new(log_in::PER_ADDRESS)),
            by_name: Mutex::new(Attempts::new(log_in::PER_NAME)),
            by_guest: Mutex::new(Attempts::new(PER_GUEST)),
            by_visitor: Mutex::new(Attempts::new(sharing::PER_VISITOR)),
        }
    }

    /// Makes a token with which runners can join.
    ///
    /// # Errors
    /// The [`Problem`] with it.
    pub async fn new_join_token(
        &self,
        caller: &Caller,
        request: JoinTokenRequest,
    ) -> Result<NewJoinToken, Problem> {
        let new = self.enrolment.new_token(request).await?;
        self.note(Deed::of(caller, "join_token_created", None)).await;
        Ok(new)
    }

    /// Takes a runner's right away to be part of the cluster.
    ///
    /// # Errors
    /// The [`Problem`] with it.
    pub async fn remove_runner(&self, caller: &Caller, name: &str) -> Result<(), Problem> {
        self.enrolment.remove(name).await?;
        self.note(Deed::of(caller, "runner_removed", Some(name))).await;
        Ok(())
    }

    /// Looks whether there are accounts. Where there are none, makes the secret of a set-up link.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn begin(&self) -> Result<Option<Secret>, Problem> {
        self.changes.notify_one();
        if self.look_for_people().await? {
            return Ok(None);
        }
        let secret = secret::new(secret::SET_UP);
        let expires_at = clock::now().checked_add(SET_UP).ok();
        records::create(&*self.store, records::SET_UP, Fingerprint::of(&secret).as_str(), &(), expires_at)
            .await?;
        Ok(Some(secret))
    }

    /// Whether there is an account, as far as this controller has heard.
    pub fn has_accounts(&self) -> bool {
        self.peopled.load(Ordering::Acquire)
    }

    /// Looks after what changes by itself, until told to stop.
    pub async fn look_after(self: Arc<Self>, stop: CancellationToken) {
        while !self.peopled.load(Ordering::Acquire) {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(FIRST) => {}
            }
            // The store's failures are told by those who need it.
            let _ = self.look_for_people().await;
        }
    }

    async fn look_for_people(&self) -> Result<bool, Problem> {
        let some = self.store.documents(records::USER, "", "", 1).await.map_err(records::internal)?;
        self.peopled.store(!some.is_empty(), Ordering::Release);
        Ok(!some.is_empty())
    }

    /// Who asks.
    ///
    /// # Errors
    /// Where what it shows proves nothing, or the store fails.
    pub async fn who(&self, peer: &Peer, proof: Option<&Fingerprint>) -> Result<Principal, Problem> {
        match proof {
            Some(proof) => Ok(Principal::User(self.bearer(proof).await?)),
            None if peer.runner.is_some() => Ok(Principal::Runner),
            None => Ok(self.stranger(peer)),
        }
    }

    /// The same, as one that asks something.
    ///
    /// # Errors
    /// The same, or where it may not do that.
    pub async fn admit(
        &self,
        action: Action,
        peer: &Peer,
        proof: Option<Fingerprint>,
    ) -> Result<Caller, Problem> {
        let principal = match action.is_open() {
            // Whoever logs in may show something that is over.
            true => Principal::Nobody,
            false => self.who(peer, proof.as_ref()).await?,
        };
        let reach = permission::check(action, &principal)?;
        if action == Action::Submit && matches!(principal, Principal::Guest) {
            self.slow_down(peer)?;
        }
        Ok(Caller { principal, address: peer.address.ip(), proof, reach })
    }

    /// How many jobs each user may run at once, where that is limited, once that may have changed.
    pub async fn running_limits(&self) -> Result<BTreeMap<String, u32>, Problem> {
        let _ = tokio::time::timeout(LIMITS, self.changes.notified()).await;
        let users: Vec<User> = records::all(&*self.store, records::USER).await?;
        let groups: Vec<Group> = records::all(&*self.store, records::GROUP).await?;
        Ok(quota::running(&users, &groups))
    }

    fn slow_down(&self, peer: &Peer) -> Result<(), Problem> {
        if peer.address.ip().is_loopback() {
            return Ok(());
        }
        lock(&self.by_guest).take(&peer.address.ip(), Instant::now()).map_err(|wait| {
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            let detail = format!("too many jobs from your address: log in, or try again in {seconds} s");
            Problem::new(ProblemKind::QuotaExceeded, detail).retry_after(seconds)
        })
    }

    fn stranger(&self, peer: &Peer) -> Principal {
        let near = self.rules.insecure || peer.address.ip().is_loopback();
        match self.rules.anonymous_use {
            _ if near && !self.peopled.load(Ordering::Acquire) => Principal::Operator,
            AnonymousUse::Everywhere => Principal::Guest,
            AnonymousUse::Loopback if near => Principal::Guest,
            AnonymousUse::Loopback | AnonymousUse::Off => Principal::Nobody,
        }
    }

    async fn bearer(&self, proof: &Fingerprint) -> Result<Arc<Account>, Problem> {
        let lookup: Lookup = match self.cache.get(proof) {
            Ok(account) if account.expires_at.is_none_or(|end| end > clock::now()) => return Ok(account),
            Ok(_) => return Err(stale()),
            Err(lookup) => lookup,
        };
        let account = Arc::new(self.look_up(proof).await?.ok_or_else(stale)?);
        self.cache.put(lookup, proof.clone(), Arc::clone(&account));
        Ok(account)
    }

    async fn look_up(&self, proof: &Fingerprint) -> Result<Option<Account>, Problem> {
        let Some(Bearer { user }) = find(&*self.store, records::TOKEN, proof.as_str()).await? else {
            return Ok(None);
        };
        let Some(user): Option<User> = find(&*self.store, records::USER, &user).await? else {
            return Ok(None);
        };
        let Some((scopes, tokens, expires_at)) = user.good_for(proof, clock::now()) else { return Ok(None) };
        let groups: Vec<Group> = records::all(&*self.store, records::GROUP).await?;
        let quota = quota::of_user(&user, &groups);
        let ours: Vec<Group> =
            groups.into_iter().filter(|group| group.members.contains(&user.name)).collect();
        let pupils = match user.role {
            Role::Teacher => ours.iter().flat_map(|group| group.members.clone()).collect(),
            Role::User | Role::Admin => Default::default(),
        };
        let groups = ours.into_iter().map(|group| group.name).collect();
        let User { name, role, .. } = user;
        Ok(Some(Account { name, role, groups, pupils, scopes, tokens, quota, expires_at }))
    }

    /// What was changed counts at once.
    fn changed(&self) {
        self.cache.clear();
        self.changes.notify_one();
    }
}

fn stale() -> Problem {
    let detail = "this session or token is not known, or over: log in again (cli login)";
    Problem::new(ProblemKind::Unauthorized, detail)
}

/// All that a session is good for.
fn everything() -> std::collections::BTreeSet<Scope> {
    Scope::ALL.into()
}
