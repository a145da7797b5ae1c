//! Accounts: who somebody is, what they may do, and the messages about it that both doors for clients have.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{LimitsRequest, Secret, Timestamp};

/// What a user is in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// Runs programs and sees its own jobs.
    User,
    /// Sees the jobs of its groups' members as well, and sets these groups' limits.
    Teacher,
    /// May do everything.
    Admin,
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Scope {
    /// Submit jobs.
    Submit,
    /// See jobs and the cluster.
    Read,
    /// Stop jobs.
    Cancel,
    /// Make and revoke tokens, and change the password.
    Account,
    /// Whatever else its user's role allows: users, groups, limits, runners, audit.
    Admin,
}

impl Scope {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::Submit, Self::Read, Self::Cancel, Self::Account, Self::Admin];
    /// What a token is good for that does not say.
    pub const USUAL: [Self; 3] = [Self::Submit, Self::Read, Self::Cancel];
}

/// What a token may use up in its life, and what for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Budget {
    /// Only these languages, by id; any where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub languages: Option<BTreeSet<String>>,
    /// So many seconds of processor time in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// So many jobs in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<u64>,
}

/// What a user may have; what is absent is not limited. A group's is its members', where they have none of their own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Quota {
    /// Jobs that run at once, at each controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_running: Option<u32>,
    /// Jobs that wait, at each controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_queued: Option<u32>,
    /// Seconds of processor time from midnight to midnight, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_seconds_per_day: Option<f64>,
    /// The most that a job may ask for.
    pub maximum: LimitsRequest,
}

/// What holds for a user, and what it has used up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LimitsInfo {
    /// What holds: its own, or its groups'.
    pub limits: Quota,
    /// Seconds of processor time that it has used up today.
    pub cpu_seconds_today: f64,
}

/// A name and a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogIn {
    /// The user's name.
    pub name: String,
    /// The password.
    pub password: Secret,
}

/// What makes the first account, an admin's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetUp {
    /// The secret that the controller printed when it started.
    pub secret: Secret,
    /// The admin's name.
    pub name: String,
    /// The admin's password.
    pub password: Secret,
}

/// A log-in that went well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// What proves it from now on, where that is not in a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// Until when.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub expires_at: Timestamp,
    /// Who it is.
    pub me: Me,
}

/// Who the asker is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Me {
    /// The user's name; absent where nobody has logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it may do: that of a user, or of whoever may administer without an account yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The groups it is in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// What its session or token is good for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub scopes: BTreeSet<Scope>,
}

/// A new user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewUser {
    /// Its name: lower-case letters, digits, `.`, `_` and `-`, at most 64.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Its first password.
    pub password: Secret,
}

/// What to change about a user; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserChange {
    /// What it may do from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// A new password. It ends all its sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// What it may have from now on, in place of all that it might before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Quota>,
}

/// A new password for oneself. It ends all other sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordChange {
    /// The one that holds until now.
    pub old: Secret,
    /// The one that holds from now on.
    pub new: Secret,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserInfo {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The groups it is in.
    #[serde(default)]
    pub groups: Vec<String>,
    /// What it may have, where that is not left to its groups.
    #[serde(default)]
    pub limits: Quota,
    /// Since when there is this account.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
}

/// Users who belong together: a class, a team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupInfo {
    /// Its name, with the same characters as a user's.
    pub name: String,
    /// Its members. Teachers among them see the jobs of all.
    pub members: BTreeSet<String>,
    /// What each of them may have.
    #[serde(default)]
    pub limits: Quota,
}

/// What to change about a group. One that is not there yet is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupChange {
    /// Who becomes a member.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub add: BTreeSet<String>,
    /// Who is none any more.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub remove: BTreeSet<String>,
}

/// A token to be made: never good for more than the one that it is made with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewToken {
    /// What it is for, to tell it from others.
    pub name: String,
    /// What it is good for; absent: submit, read and cancel, as far as its maker is good for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<BTreeSet<Scope>>,
    /// For how many seconds; as long as its maker where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<u64>,
    /// What it may use up.
    pub budget: Budget,
}

/// A token, without what proves it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenInfo {
    /// What it is called when it is revoked.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
    /// What it may use up.
    pub budget: Budget,
    /// Since when there is this token.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// Until when it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub expires_at: Option<Timestamp>,
    /// The token that it was made with, and goes with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// A token that was made. It is shown once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedToken {
    /// What proves it.
    pub token: Secret,
    /// The token.
    pub info: TokenInfo,
}

/// The key with which callbacks are signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallbackKey {
    /// The whole of it, prefix and all, is the key of the HMAC.
    pub key: Secret,
}

/// Which of what was done to show, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditQuery {
    /// Where to go on: the `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// At most this many, 1 to 100; 20 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// When.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// The user who did it, or whom somebody said to be; absent where nobody had logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The address it came from.
    pub from: String,
    /// What, as in `log_in` or `user_removed`.
    pub action: String,
    /// Whom or what it was done to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Whether it was done.
    pub done: bool,
}

/// A page of what was done, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// What was done.
    pub entries: Vec<AuditEntry>,
    /// What to pass as `cursor` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// What a client asks about accounts on the TCP door.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AccountRequest {
    /// Answered by `session`.
    LogIn(LogIn),
    /// Ends the session that this connection's token is. Answered by `done`.
    LogOut,
    /// Make the first account. Answered by `session`.
    SetUp(SetUp),
    /// Answered by `me`.
    Me,
    /// Answered by `done`.
    ChangePassword(PasswordChange),
    /// Answered by `users`.
    Users,
    /// Answered by `users` with that one.
    AddUser(NewUser),
    /// Answered by `users` with that one.
    ChangeUser {
        /// Whom.
        name: String,
        /// What.
        change: UserChange,
    },
    /// Removes a user with all sessions and tokens. Answered by `done`.
    RemoveUser {
        /// Whom.
        name: String,
    },
    /// Answered by `groups`.
    Groups,
    /// Answered by `groups` with that one.
    ChangeGroup {
        /// Which.
        name: String,
        /// What.
        change: GroupChange,
    },
    /// Sets what a group's members may have. Answered by `groups` with that one.
    LimitGroup {
        /// Which.
        name: String,
        /// What.
        limits: Quota,
    },
    /// What holds for the asker. Answered by `limits`.
    Limits,
    /// Answered by `done`.
    RemoveGroup {
        /// Which.
        name: String,
    },
    /// One's own tokens. Answered by `tokens`.
    Tokens,
    /// Answered by `token`.
    CreateToken(NewToken),
    /// Revokes a token of one's own and all that were made with it. Answered by `done`.
    RevokeToken {
        /// Its id.
        id: String,
    },
    /// The key that signs callbacks. Answered by `callback_key`.
    CallbackKey {
        /// That of jobs without an owner, for admins, rather than one's own.
        #[serde(default)]
        cluster: bool,
        /// Whether to put a new one in its place before.
        #[serde(default)]
        renew: bool,
    },
    /// Answered by `audit`.
    Audit(AuditQuery),
}

/// What the controller answers about accounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AccountAnswer {
    /// It is done.
    Done,
    /// A log-in that went well.
    Session(Session),
    /// Who the asker is.
    Me(Me),
    /// What holds for the asker.
    Limits(LimitsInfo),
    /// Users, by name.
    Users {
        /// They.
        users: Vec<UserInfo>,
    },
    /// Groups, by name.
    Groups {
        /// They.
        groups: Vec<GroupInfo>,
    },
    /// Tokens, the oldest first.
    Tokens {
        /// They.
        tokens: Vec<TokenInfo>,
    },
    /// A token that was made.
    Token(CreatedToken),
    /// The key that signs callbacks.
    CallbackKey(CallbackKey),
    /// What was done.
    Audit(AuditPage),
}
