//! Groups of users.

use protocol::account::{GroupChange, GroupInfo, Quota};
use protocol::{Problem, ProblemKind};

use super::records::{self, Group, User, all, change, find, internal};
use super::{Action, Caller, Deed, Identity, Reach, permission, quota, users};

/// Members that a group may have.
const MAX_MEMBERS: usize = 10_000;

impl Identity {
    /// The groups that the caller may see, by name.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn groups(&self, caller: &Caller) -> Result<Vec<GroupInfo>, Problem> {
        let groups: Vec<Group> = all(&*self.store, records::GROUP).await?;
        let name = caller.principal.name().unwrap_or_default();
        let seen =
            groups.into_iter().filter(|group| caller.reach == Reach::All || group.members.contains(name));
        let fellows = permission::reach(Action::SeeUsers, &caller.principal) > Reach::Nothing;
        Ok(seen.map(|group| info(group, (!fellows).then_some(name))).collect())
    }

    /// Changes who is in a group, and makes it where there is none.
    ///
    /// # Errors
    /// Where there is no user of a name that is to be added.
    pub async fn change_group(
        &self,
        caller: &Caller,
        name: &str,
        ask: GroupChange,
    ) -> Result<GroupInfo, Problem> {
        let name = records::name(name)?;
        let GroupChange { add, remove } = ask;
        for member in &add {
            if find::<User>(&*self.store, records::USER, &records::name(member)?).await?.is_none() {
                return Err(users::unknown(member).at("add"));
            }
        }
        let changed = change(&*self.store, records::GROUP, &name, |group: Option<Group>| {
            let mut group = group.unwrap_or_else(|| Group { name: name.clone(), ..Group::default() });
            for member in &add {
                group.members.insert(records::name(member)?);
            }
            for member in &remove {
                group.members.remove(&records::name(member)?);
            }
            if group.members.len() > MAX_MEMBERS {
                return Err(Problem::invalid("add", format!("a group has at most {MAX_MEMBERS} members")));
            }
            Ok(Some((group.clone(), group)))
        });
        let group = changed.await?.ok_or_else(|| unknown(&name))?;
        self.changed();
        self.note(Deed::of(caller, "group_changed", Some(&name))).await;
        Ok(info(group, None))
    }

    /// Sets what a group's members may have.
    ///
    /// # Errors
    /// Where there is none for the caller, or the limits are not possible.
    pub async fn limit_group(
        &self,
        caller: &Caller,
        name: &str,
        limits: Quota,
    ) -> Result<GroupInfo, Problem> {
        let name = records::name(name)?;
        quota::check(&limits)?;
        let theirs = caller.principal.account().is_some_and(|account| account.groups.contains(&name));
        if caller.reach != Reach::All && !theirs {
            return Err(unknown(&name));
        }
        let changed = change(&*self.store, records::GROUP, &name, |group: Option<Group>| {
            let Some(mut group) = group else { return Ok(None) };
            group.quota = limits.clone();
            Ok(Some((group.clone(), group)))
        });
        let group = changed.await?.ok_or_else(|| unknown(&name))?;
        self.changed();
        self.note(Deed::of(caller, "group_limits_changed", Some(&name))).await;
        Ok(info(group, None))
    }

    /// Removes a group. Its members stay.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn remove_group(&self, caller: &Caller, name: &str) -> Result<(), Problem> {
        let name = records::name(name)?;
        if !self.store.remove_document(records::GROUP, &name).await.map_err(internal)? {
            return Err(unknown(&name));
        }
        self.changed();
        self.note(Deed::of(caller, "group_removed", Some(&name))).await;
        Ok(())
    }

    /// Takes a user that is gone out of a group.
    pub(super) async fn leave_group(&self, group: &str, member: &str) -> Result<(), Problem> {
        let left = change(&*self.store, records::GROUP, group, |group: Option<Group>| {
            let Some(mut group) = group else { return Ok(None) };
            group.members.remove(member);
            Ok(Some((group, ())))
        });
        left.await.map(drop)
    }
}

fn unknown(name: &str) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("there is no group {name}"))
}

/// A group with all its members, or with this one alone: who else is in a class is not every pupil's to know.
fn info(group: Group, only: Option<&str>) -> GroupInfo {
    let Group { name, mut members, quota } = group;
    if let Some(only) = only {
        members.retain(|member| member == only);
    }
    GroupInfo { name, members, limits: quota }
}
