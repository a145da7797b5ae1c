//! What people read about accounts.

use protocol::account::{AuditEntry, Budget, LimitsInfo, Me, Quota, Role, Scope};

use crate::units;

/// Questions, without the space behind them.
pub const ASK_NAME: &str = "name:";
/// For the password of an account.
pub const ASK_PASSWORD: &str = "password:";
/// For the one that holds until now.
pub const ASK_OLD_PASSWORD: &str = "old password:";
/// For the one that is to hold.
pub const ASK_NEW_PASSWORD: &str = "new password:";
/// For the same again.
pub const ASK_AGAIN: &str = "again:";
/// For what stands behind /setup/ in the set-up link.
pub const ASK_SETUP: &str = "set-up secret (what stands behind /setup/ in the link):";
/// For a token.
pub const ASK_TOKEN: &str = "token:";
/// The two are not the same.
pub const PASSWORDS_DIFFER: &str = "the two passwords are not the same: nothing was changed";
/// Nothing could be read where something was asked for.
pub const NO_ANSWER: &str = "nothing was given where a name, password or token was asked for";
/// There is no folder to keep a token in.
pub const NO_FOLDER: &str = "there is no folder to keep the token in: set HOME or XDG_CONFIG_HOME";
/// Nobody had logged in.
pub const NOT_LOGGED_IN: &str = "you were not logged in";
/// After `logout`.
pub const LOGGED_OUT: &str = "logged out";
/// After one's own password was changed.
pub const PASSWORD_CHANGED: &str = "the password is changed; other sessions are ended";
/// A token that was just made.
pub const TOKEN_MADE: &str = "this is the token; it is not shown again:";
/// An empty list of users.
pub const NO_USERS: &str = "there are no users that you may see";
/// An empty list of groups.
pub const NO_GROUPS: &str = "there are no groups that you may see";
/// An empty list of tokens.
pub const NO_TOKENS: &str = "you have no tokens";
/// An empty audit.
pub const NO_ENTRIES: &str = "nothing was written down";
/// The heads of the users' table.
pub const USER_HEADS: [&str; 4] = ["USER", "ROLE", "GROUPS", "LIMITS"];
/// The heads of the groups' table.
pub const GROUP_HEADS: [&str; 3] = ["GROUP", "MEMBERS", "LIMITS"];
/// The heads of the tokens' table.
pub const TOKEN_HEADS: [&str; 6] = ["ID", "NAME", "GOOD FOR", "BUDGET", "UNTIL", "MADE WITH"];
/// The heads of the audit's table.
pub const AUDIT_HEADS: [&str; 5] = ["WHEN", "WHO", "FROM", "WHAT", "WHOM"];

/// After a log-in.
pub fn logged_in(me: &Me) -> String {
    format!("logged in as {}", who(me))
}

/// Who somebody is.
pub fn who(me: &Me) -> String {
    match (&me.name, me.role) {
        (Some(name), Some(role)) => format!("{name} ({})", self::role(role)),
        (None, Some(_)) => "nobody; there is no account yet, and you may do everything".to_owned(),
        _ => "nobody".to_owned(),
    }
}

/// A page of the audit that goes on.
pub fn more_entries(cursor: &str) -> String {
    format!("there are more: --cursor {cursor}")
}

/// After `user add`.
pub fn user_added(name: &str) -> String {
    format!("user {name} is added")
}

/// After a change of a user.
pub fn user_changed(name: &str) -> String {
    format!("user {name} is changed")
}

/// After `user remove`.
pub fn user_removed(name: &str) -> String {
    format!("user {name} is removed, with all sessions and tokens")
}

/// After a change of a group.
pub fn group_changed(name: &str, members: usize) -> String {
    match members {
        1 => format!("group {name} has 1 member"),
        _ => format!("group {name} has {members} members"),
    }
}

/// After `group remove`.
pub fn group_removed(name: &str) -> String {
    format!("group {name} is removed")
}

/// After `token revoke`.
pub fn token_revoked(id: &str) -> String {
    format!("token {id} is revoked, with all that were made with it")
}

/// A role in a word.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Teacher => "teacher",
        Role::Admin => "admin",
    }
}

/// Scopes in a line.
pub fn scopes<'a>(scopes: impl IntoIterator<Item = &'a Scope>) -> String {
    let word = |scope: &Scope| match scope {
        Scope::Submit => "submit",
        Scope::Read => "read",
        Scope::Cancel => "cancel",
        Scope::Account => "account",
        Scope::Admin => "admin",
    };
    scopes.into_iter().map(word).collect::<Vec<_>>().join(",")
}

/// A budget in a line; nothing where there is none.
pub fn budget(budget: &Budget) -> String {
    let Budget { languages, cpu_seconds, jobs } = budget;
    let parts = [
        languages.as_ref().map(|languages| languages.iter().cloned().collect::<Vec<_>>().join("/")),
        cpu_seconds.map(|seconds| format!("{} of processor time", units::seconds(seconds))),
        jobs.map(|jobs| format!("{jobs} jobs")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A quota in a line; nothing where nothing is limited.
pub fn quota(quota: &Quota) -> String {
    let most = &quota.maximum;
    let parts = [
        quota.max_running.map(|jobs| format!("{jobs} running")),
        quota.max_queued.map(|jobs| format!("{jobs} waiting")),
        quota.cpu_seconds_per_day.map(|seconds| format!("{} a day", units::seconds(seconds))),
        most.cpu_seconds.map(|seconds| format!("cpu {}", units::seconds(seconds))),
        most.wall_seconds.map(|seconds| format!("wall {}", units::seconds(seconds))),
        most.memory_bytes.map(|bytes| format!("memory {}", units::bytes(bytes))),
        most.processes.map(|processes| format!("{processes} processes")),
        most.output_bytes.map(|bytes| format!("output {}", units::bytes(bytes))),
        most.disk_bytes.map(|bytes| format!("disk {}", units::bytes(bytes))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What somebody may have and has used up, in lines.
pub fn limits(info: &LimitsInfo) -> Vec<String> {
    let held = quota(&info.limits);
    let limits = (!held.is_empty()).then(|| format!("limits: {held}"));
    let used = format!("used today: {} of processor time", units::seconds(info.cpu_seconds_today));
    limits.into_iter().chain([used]).collect()
}

/// What was done, in a word; one that did not succeed says so.
pub fn deed(entry: &AuditEntry) -> String {
    match entry.done {
        true => entry.action.clone(),
        false => format!("{} (failed)", entry.action),
    }
}

#[cfg(test)]
mod tests {
    use protocol::LimitsRequest;

    use super::*;

    #[test]
    fn quotas_and_budgets_fit_a_line() {
        let maximum = LimitsRequest { memory_bytes: Some(1 << 28), ..LimitsRequest::default() };
        let all =
            Quota { max_running: Some(2), cpu_seconds_per_day: Some(60.0), maximum, ..Quota::default() };
        assert_eq!(quota(&all), "2 running, 60 s a day, memory 256 MB");
        assert_eq!(quota(&Quota::default()), "");
        let spent =
            Budget { languages: Some(["c".into(), "java".into()].into()), jobs: Some(5), cpu_seconds: None };
        assert_eq!(budget(&spent), "c/java, 5 jobs");
    }
}
