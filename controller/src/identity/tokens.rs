//! Personal tokens: made with a session or with another token, and never good for more than that.

use std::collections::BTreeSet;
use std::time::Duration;

use protocol::account::{Budget, CreatedToken, NewToken, Scope, TokenInfo};
use protocol::{Problem, ProblemKind, Timestamp};

use super::principal::{Account, TokenUsed};
use super::records::{self, Bearer, Token, User, change, create, find, internal};
use super::secret::{self, Fingerprint};
use super::{Caller, Deed, Identity, everything};
use crate::clock;

/// Tokens that a user may have.
const MAX_TOKENS: usize = 100;

/// How long a token's name may be, in bytes.
const MAX_NAME: usize = 100;

/// The longest life that can be asked for.
const MAX_TTL: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

impl User {
    /// What this proof is good for now: the scopes, the tokens it is and was made with, and until when.
    pub(super) fn good_for(
        &self,
        proof: &Fingerprint,
        now: Timestamp,
    ) -> Option<(BTreeSet<Scope>, Vec<TokenUsed>, Option<Timestamp>)> {
        let is_it = |other: &str| other == proof.as_str();
        if let Some(session) = self.sessions.iter().find(|session| is_it(&session.proof)) {
            let good = session.expires_at > now;
            return good.then(|| (everything(), Vec::new(), Some(session.expires_at)));
        }
        let token = self.tokens.iter().find(|token| is_it(&token.proof))?;
        let used = |token: &&Token| TokenUsed { id: token.id.clone(), budget: token.budget.clone() };
        let tokens = self.lineage(&token.id).iter().map(used).collect();
        let good = token.expires_at.is_none_or(|end| end > now);
        good.then(|| (token.scopes.clone(), tokens, token.expires_at))
    }
}

/// What a new token is good for, given what its maker is good for.
fn narrowed(maker: &Account, new: &NewToken) -> Result<BTreeSet<Scope>, Problem> {
    let Some(asked) = &new.scopes else {
        return Ok(Scope::USUAL.into_iter().filter(|scope| maker.scopes.contains(scope)).collect());
    };
    match asked.is_subset(&maker.scopes) {
        true => Ok(asked.clone()),
        false => {
            let detail = "a token cannot be good for more than the one that it is made with";
            Err(Problem::new(ProblemKind::Forbidden, detail).at("scopes"))
        }
    }
}

/// When a new token ends, given when its maker does. A session's end is not its tokens'.
fn end(maker: &Account, new: &NewToken, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
    let latest = maker.expires_at.filter(|_| !maker.tokens.is_empty());
    let Some(seconds) = new.ttl_seconds else { return Ok(latest) };
    let ttl = Duration::from_secs(seconds);
    if ttl.is_zero() || ttl > MAX_TTL {
        return Err(Problem::invalid("ttl_seconds", "between a second and ten years"));
    }
    let asked = now.checked_add(ttl).map_err(|error| Problem::invalid("ttl_seconds", error.to_string()))?;
    match latest {
        Some(latest) if latest < asked => {
            let detail = "a token cannot outlive the one that it is made with";
            Err(Problem::new(ProblemKind::Forbidden, detail).at("ttl_seconds"))
        }
        _ => Ok(Some(asked)),
    }
}

fn check(new: &NewToken) -> Result<(), Problem> {
    if new.name.len() > MAX_NAME || new.name.chars().any(char::is_control) {
        return Err(Problem::invalid(
            "name",
            format!("at most {MAX_NAME} bytes, without control characters"),
        ));
    }
    let Budget { languages, cpu_seconds, jobs: _ } = &new.budget;
    if cpu_seconds.is_some_and(|seconds| !seconds.is_finite() || seconds < 0.0) {
        return Err(Problem::invalid("budget.cpu_seconds", "a number of seconds"));
    }
    match languages {
        Some(languages) if languages.len() > 100 => Err(Problem::invalid("budget.languages", "at most 100")),
        _ => Ok(()),
    }
}

impl Identity {
    /// The caller's tokens, the oldest first.
    ///
    /// # Errors
    /// Where nobody has logged in, or the store fails.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<TokenInfo>, Problem> {
        let account = caller.account()?;
        let user: Option<User> = find(&*self.store, records::USER, &account.name).await?;
        let mut user = user.ok_or_else(super::stale)?;
        user.tidy(clock::now());
        // With a token one sees those that were made with it, and itself.
        let seen = |token: &&Token| within(&user, account, &token.id);
        Ok(user.tokens.iter().filter(seen).map(info).collect())
    }

    /// Makes a token.
    ///
    /// # Errors
    /// Where it would be good for more than what the caller showed.
    pub async fn create_token(&self, caller: &Caller, new: NewToken) -> Result<CreatedToken, Problem> {
        let account = caller.account()?;
        check(&new)?;
        let now = clock::now();
        let (scopes, expires_at) = (narrowed(account, &new)?, end(account, &new, now)?);
        let secret = secret::new(secret::PERSONAL);
        let proof = Fingerprint::of(&secret);
        let parent = account.tokens.first().map(|token| token.id.clone());
        let NewToken { name, budget, .. } = new;
        let (id, text) = (secret::new_id(), proof.as_str().to_owned());
        let token = Token { id, proof: text, name, scopes, budget, created_at: now, expires_at, parent };
        let bearer = Bearer { user: account.name.clone() };
        create(&*self.store, records::TOKEN, proof.as_str(), &bearer, expires_at).await?;
        let made = change(&*self.store, records::USER, &account.name, |user: Option<User>| {
            let Some(mut user) = user else { return Ok(None) };
            user.tidy(now);
            if token.parent.as_ref().is_some_and(|parent| user.lineage(parent).is_empty()) {
                // It was revoked meanwhile.
                return Ok(None);
            }
            if user.tokens.len() >= MAX_TOKENS {
                let detail = format!("you have {MAX_TOKENS} tokens: revoke one first");
                return Err(Problem::new(ProblemKind::QuotaExceeded, detail));
            }
            user.tokens.push(token.clone());
            Ok(Some((user, ())))
        });
        made.await?.ok_or_else(super::stale)?;
        self.note(Deed::of(caller, "token_created", Some(&token.id))).await;
        Ok(CreatedToken { token: secret, info: info(&token) })
    }

    /// Revokes a token of the caller's and all that were made with it.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn revoke_token(&self, caller: &Caller, id: &str) -> Result<(), Problem> {
        let account = caller.account()?;
        let revoked = change(&*self.store, records::USER, &account.name, |user: Option<User>| {
            let Some(user) = user else { return Ok(None) };
            let goes = |token: &Token| user.lineage(&token.id).iter().any(|token| token.id == id);
            if !within(&user, account, id) {
                return Ok(None);
            }
            let (gone, tokens) = user.tokens.iter().cloned().partition(goes);
            let gone: Vec<Token> = gone;
            Ok(Some((User { tokens, ..user.clone() }, gone)))
        });
        let unknown = || Problem::new(ProblemKind::NotFound, format!("you have no token {id}"));
        let gone = revoked.await?.ok_or_else(unknown)?;
        self.changed();
        for token in &gone {
            self.store.remove_document(records::TOKEN, &token.proof).await.map_err(internal)?;
        }
        self.note(Deed::of(caller, "token_revoked", Some(id))).await;
        Ok(())
    }
}

/// Whether a token is the caller's to see: with a session all are, with a token itself and what was made with it.
fn within(user: &User, account: &Account, id: &str) -> bool {
    let lineage = user.lineage(id);
    match account.tokens.first() {
        Some(used) => lineage.iter().any(|token| token.id == used.id),
        None => !lineage.is_empty(),
    }
}

fn info(token: &Token) -> TokenInfo {
    TokenInfo {
        id: token.id.clone(),
        name: token.name.clone(),
        scopes: token.scopes.clone(),
        budget: token.budget.clone(),
        created_at: token.created_at,
        expires_at: token.expires_at,
        parent: token.parent.clone(),
    }
}
