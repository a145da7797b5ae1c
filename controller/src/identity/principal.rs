//! Who asks.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use protocol::account::{Budget, Quota, Role, Scope};
use protocol::{Problem, ProblemKind, Timestamp};

use super::permission::{self, Action, Reach};
use super::secret::Fingerprint;

/// Who asks, as far as that is known.
#[derive(Debug, Clone)]
pub enum Principal {
    /// Whoever sits at the machine while there is no account yet.
    Operator,
    /// Somebody without an account who may run programs.
    Guest,
    /// Somebody who may log in and nothing else.
    Nobody,
    /// A user.
    User(Arc<Account>),
    /// A runner, which has nothing to do at these doors.
    Runner,
}

/// A user who has proved who it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The groups it is in.
    pub groups: Vec<String>,
    /// The members of these, where it is a teacher.
    pub pupils: BTreeSet<String>,
    /// What its session or token is good for.
    pub scopes: BTreeSet<Scope>,
    /// The token it used, and those that it was made with; none for a session.
    pub tokens: Vec<TokenUsed>,
    /// What it may have.
    pub quota: Quota,
    /// Until when its session or token is good.
    pub expires_at: Option<Timestamp>,
}

/// A token that somebody used, itself or one made with it.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenUsed {
    /// Its id.
    pub id: String,
    /// What it may use up.
    pub budget: Budget,
}

/// Who asks, from where, and what proves it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// From where.
    pub address: IpAddr,
    /// The token that it showed.
    pub proof: Option<Fingerprint>,
    /// How far it reaches with what it asks.
    pub reach: Reach,
}

impl Principal {
    /// The user's name, where it is one.
    pub fn name(&self) -> Option<&str> {
        self.account().map(|account| account.name.as_str())
    }

    /// The user, where it is one.
    pub fn account(&self) -> Option<&Arc<Account>> {
        match self {
            Self::User(account) => Some(account),
            _ => None,
        }
    }
}

impl Caller {
    /// Whether what it asks may concern something of this owner.
    pub fn reaches(&self, owner: Option<&str>) -> bool {
        permission::covers(self.reach, &self.principal, owner)
    }

    /// The same caller with something else to ask.
    ///
    /// # Errors
    /// Where it may not.
    pub fn asking(&self, action: Action) -> Result<Self, Problem> {
        let reach = permission::check(action, &self.principal)?;
        Ok(Self { reach, ..self.clone() })
    }

    /// The users whose jobs it may list; all where there is none.
    pub fn listable(&self) -> Option<BTreeSet<String>> {
        let account = self.principal.account();
        match self.reach {
            Reach::All => None,
            Reach::Nothing => Some(BTreeSet::new()),
            Reach::Own => Some(account.map(|account| account.name.clone()).into_iter().collect()),
            Reach::Groups => {
                let theirs = account.map(|account| (account.name.clone(), account.pupils.clone()));
                Some(theirs.into_iter().flat_map(|(name, pupils)| pupils.into_iter().chain([name])).collect())
            }
        }
    }

    /// The user who asks.
    ///
    /// # Errors
    /// Where nobody has logged in.
    pub fn account(&self) -> Result<&Account, Problem> {
        self.principal.account().map(Arc::as_ref).ok_or_else(|| {
            Problem::new(ProblemKind::Unauthorized, "this is about a user's own account: log in first")
        })
    }
}
