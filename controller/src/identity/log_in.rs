//! Logging in and out, the first account, and one's own password.

use std::sync::atomic::Ordering;
use std::time::Duration;

use protocol::account::{LimitsInfo, LogIn, Me, PasswordChange, Role, Session, SetUp};
use protocol::{Problem, ProblemKind, Secret};
use tokio::time::Instant;

use super::attempts::Rate;
use super::records::{self, Bearer, User, change, create, find, internal};
use super::secret::{self, Fingerprint};
use super::{Caller, Deed, Identity, everything};
use crate::clock;
use crate::lock::lock;

/// How often one address may try to log in, and how often it may be tried for one name.
pub const PER_ADDRESS: Rate = Rate { burst: 10, pause: Duration::from_secs(10) };
pub const PER_NAME: Rate = Rate { burst: 30, pause: Duration::from_secs(30) };

/// How long a session is good.
const SESSION: Duration = Duration::from_secs(7 * 24 * 3600);

/// Sessions that a user may have; the oldest goes.
const MAX_SESSIONS: usize = 20;

impl Identity {
    /// Opens a session for whoever knows the password.
    ///
    /// # Errors
    /// Where name or password is wrong, which of them is not told; or where it was tried too often.
    pub async fn log_in(&self, caller: &Caller, ask: LogIn) -> Result<Session, Problem> {
        let LogIn { name, password } = ask;
        let name = records::name(&name).unwrap_or_default();
        self.may_try(caller, &name)?;
        let user: Option<User> = match name.as_str() {
            "" => None,
            name => find(&*self.store, records::USER, name).await?,
        };
        // A name that is nobody's is not written down: it may be a password in the wrong place.
        let who = user.is_some().then_some(name.as_str());
        let hash = user.map(|user| user.password);
        let right = self.passwords.check(password, hash.clone()).await?;
        let session = match hash.filter(|_| right) {
            Some(hash) => self.open_session(&name, &hash).await?,
            None => None,
        };
        let done = session.is_some();
        if !done {
            tracing::info!(address = %caller.address, "a log-in failed");
        }
        self.note(Deed { who, address: caller.address, action: "log_in", subject: None, done }).await;
        let session = session
            .ok_or_else(|| Problem::new(ProblemKind::Unauthorized, "the name or the password is wrong"))?;
        lock(&self.by_name).forgive(&name);
        // A whole class may come from one address.
        lock(&self.by_address).give_back(&caller.address);
        Ok(session)
    }

    /// Makes the first account, an admin's, for whoever has the secret of the set-up link.
    ///
    /// # Errors
    /// Where the secret is not good, or there is an account already.
    pub async fn set_up(&self, caller: &Caller, ask: SetUp) -> Result<Session, Problem> {
        let SetUp { secret, name, password } = ask;
        let name = records::name(&name)?;
        self.may_try(caller, &name)?;
        let hash = self.passwords.hash(password).await?;
        let proof = Fingerprint::of(&secret);
        let no = |detail| Problem::new(ProblemKind::Unauthorized, detail);
        if self.look_for_people().await? {
            return Err(no("there is an account already: log in"));
        }
        if !self.store.remove_document(records::SET_UP, proof.as_str()).await.map_err(internal)? {
            return Err(no(
                "this set-up link is not good any more: the controller prints another when it is started",
            ));
        }
        let user = User::new(name.clone(), Role::Admin, hash.clone(), clock::now());
        if !create(&*self.store, records::USER, &name, &user, None).await? {
            return Err(no("there is an account already: log in"));
        }
        self.peopled.store(true, Ordering::Release);
        let (who, address) = (Some(name.as_str()), caller.address);
        self.note(Deed { who, address, action: "set_up", subject: None, done: true }).await;
        self.open_session(&name, &hash).await?.ok_or_else(|| no("the account is gone already"))
    }

    /// Ends the session that the caller showed.
    ///
    /// # Errors
    /// Where it showed none.
    pub async fn log_out(&self, caller: &Caller) -> Result<(), Problem> {
        let (account, proof) = (caller.account()?, caller.proof.as_ref());
        let proof = proof.ok_or_else(super::stale)?;
        let ended = change(&*self.store, records::USER, &account.name, |user: Option<User>| {
            let Some(mut user) = user else { return Ok(None) };
            let before = user.sessions.len();
            user.sessions.retain(|session| session.proof != proof.as_str());
            Ok(Some((user.clone(), user.sessions.len() < before)))
        });
        if !ended.await?.unwrap_or(false) {
            let detail = "this is a token and no session: revoke it instead (cli token revoke)";
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
        self.changed();
        self.store.remove_document(records::TOKEN, proof.as_str()).await.map_err(internal)?;
        self.note(Deed::of(caller, "log_out", None)).await;
        Ok(())
    }

    /// Changes the caller's password, and ends its other sessions.
    ///
    /// # Errors
    /// Where the old one is wrong or the new one is not possible.
    pub async fn change_password(&self, caller: &Caller, ask: PasswordChange) -> Result<(), Problem> {
        let account = caller.account()?;
        self.may_try(caller, &account.name)?;
        let user: Option<User> = find(&*self.store, records::USER, &account.name).await?;
        let before = user.map(|user| user.password);
        if !self.passwords.check(ask.old, before.clone()).await? {
            self.note(Deed { done: false, ..Deed::of(caller, "password_changed", None) }).await;
            return Err(Problem::new(ProblemKind::Forbidden, "the old password is wrong").at("old"));
        }
        let hash = self.passwords.hash(ask.new).await.map_err(|problem| problem.at("new"))?;
        let keep = caller.proof.as_ref().map(Fingerprint::as_str);
        let changed = change(&*self.store, records::USER, &account.name, |user: Option<User>| {
            let Some(mut user) = user.filter(|user| Some(&user.password) == before.as_ref()) else {
                return Ok(None);
            };
            user.password.clone_from(&hash);
            user.sessions.retain(|session| Some(session.proof.as_str()) == keep);
            Ok(Some((user, ())))
        });
        changed.await?.ok_or_else(super::stale)?;
        self.changed();
        lock(&self.by_name).forgive(&account.name);
        self.note(Deed::of(caller, "password_changed", None)).await;
        Ok(())
    }

    /// Who the caller is.
    pub fn me(&self, caller: &Caller) -> Me {
        match &caller.principal {
            super::Principal::User(account) => Me {
                name: Some(account.name.clone()),
                role: Some(account.role),
                groups: account.groups.clone(),
                scopes: account.scopes.clone(),
            },
            super::Principal::Operator => {
                Me { name: None, role: Some(Role::Admin), groups: Vec::new(), scopes: everything() }
            }
            _ => Me { name: None, role: None, groups: Vec::new(), scopes: Default::default() },
        }
    }

    /// What holds for the caller, and what it has used up.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn limits(&self, caller: &Caller) -> Result<LimitsInfo, Problem> {
        let Some(account) = caller.principal.account() else { return Ok(LimitsInfo::default()) };
        let cpu_seconds_today = self.usage.today(&account.name).await?;
        Ok(LimitsInfo { limits: account.quota.clone(), cpu_seconds_today })
    }

    /// Opens a session, as long as the password is still this one.
    async fn open_session(&self, name: &str, password: &str) -> Result<Option<Session>, Problem> {
        let token: Secret = secret::new(secret::SESSION);
        let proof = Fingerprint::of(&token);
        let now = clock::now();
        let expires_at = now.checked_add(SESSION).unwrap_or(now);
        let bearer = Bearer { user: name.to_owned() };
        create(&*self.store, records::TOKEN, proof.as_str(), &bearer, Some(expires_at)).await?;
        let opened = change(&*self.store, records::USER, name, |user: Option<User>| {
            let Some(mut user) = user.filter(|user| user.password == password) else { return Ok(None) };
            user.tidy(now);
            let surplus = (user.sessions.len() + 1).saturating_sub(MAX_SESSIONS);
            user.sessions.drain(..surplus);
            user.sessions.push(records::Session { proof: proof.as_str().to_owned(), expires_at });
            Ok(Some((user, ())))
        });
        if opened.await?.is_none() {
            return Ok(None);
        }
        let Some(account) = self.look_up(&proof).await? else { return Ok(None) };
        let me = Me {
            name: Some(account.name),
            role: Some(account.role),
            groups: account.groups,
            scopes: account.scopes,
        };
        Ok(Some(Session { token: Some(token), expires_at, me }))
    }

    /// Counts a try to prove who one is.
    fn may_try(&self, caller: &Caller, name: &str) -> Result<(), Problem> {
        let now = Instant::now();
        let by_address = lock(&self.by_address).take(&caller.address, now);
        let tried = by_address.and_then(|()| lock(&self.by_name).take(&name.to_owned(), now));
        tried.map_err(|wait| {
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            let detail = format!("too many log-ins were tried: try again in {seconds} s");
            Problem::new(ProblemKind::QuotaExceeded, detail).retry_after(seconds)
        })
    }
}
