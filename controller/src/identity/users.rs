//! Users, as admins look after them.

use std::sync::atomic::Ordering;

use protocol::account::{NewUser, Role, UserChange, UserInfo};
use protocol::{Problem, ProblemKind};

use super::records::{self, Group, User, all, change, create, internal};
use super::{Caller, Deed, Identity, quota};
use crate::clock;

impl Identity {
    /// The users whom the caller may see, by name.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn users(&self, caller: &Caller) -> Result<Vec<UserInfo>, Problem> {
        let users: Vec<User> = all(&*self.store, records::USER).await?;
        let groups: Vec<Group> = all(&*self.store, records::GROUP).await?;
        let seen = users.iter().filter(|user| caller.reaches(Some(&user.name)));
        Ok(seen.map(|user| info(user, &groups)).collect())
    }

    /// Adds a user. The first one has to be an admin: nobody else could add another.
    ///
    /// # Errors
    /// Where there is one of that name, or name or password is not possible.
    pub async fn add_user(&self, caller: &Caller, new: NewUser) -> Result<UserInfo, Problem> {
        let NewUser { name, role, password } = new;
        let name = records::name(&name)?;
        if role != Role::Admin && !self.look_for_people().await? {
            return Err(Problem::invalid("role", "the first account has to be an admin's"));
        }
        let hash = self.passwords.hash(password).await?;
        let user = User::new(name.clone(), role, hash, clock::now());
        if !create(&*self.store, records::USER, &name, &user, None).await? {
            let detail = format!("there is a user {name} already");
            return Err(Problem::new(ProblemKind::Conflict, detail).at("name"));
        }
        self.peopled.store(true, Ordering::Release);
        self.changed();
        self.note(Deed::of(caller, "user_added", Some(&name))).await;
        let groups: Vec<Group> = all(&*self.store, records::GROUP).await?;
        Ok(info(&user, &groups))
    }

    /// Changes a user's role or password.
    ///
    /// # Errors
    /// Where there is none, or it is the last admin.
    pub async fn change_user(
        &self,
        caller: &Caller,
        name: &str,
        ask: UserChange,
    ) -> Result<UserInfo, Problem> {
        let name = records::name(name)?;
        let UserChange { role, password, limits } = ask;
        limits.as_ref().map_or(Ok(()), quota::check)?;
        if role.is_some_and(|role| role != Role::Admin) {
            self.spare_last_admin(&name).await?;
        }
        let (deed, hash) = match password {
            Some(password) => ("user_password_changed", Some(self.passwords.hash(password).await?)),
            None if limits.is_some() => ("user_limits_changed", None),
            None => ("user_changed", None),
        };
        let changed = change(&*self.store, records::USER, &name, |user: Option<User>| {
            let Some(mut user) = user else { return Ok(None) };
            user.role = role.unwrap_or(user.role);
            user.quota = limits.clone().unwrap_or(user.quota);
            if let Some(hash) = &hash {
                user.password.clone_from(hash);
                user.sessions.clear();
            }
            Ok(Some((user.clone(), user)))
        });
        let user = changed.await?.ok_or_else(|| unknown(&name))?;
        self.changed();
        self.note(Deed::of(caller, deed, Some(&name))).await;
        let groups: Vec<Group> = all(&*self.store, records::GROUP).await?;
        Ok(info(&user, &groups))
    }

    /// Removes a user with all sessions and tokens. Its jobs stay.
    ///
    /// # Errors
    /// Where there is none, or it is the last admin.
    pub async fn remove_user(&self, caller: &Caller, name: &str) -> Result<(), Problem> {
        let name = records::name(name)?;
        self.spare_last_admin(&name).await?;
        if !self.store.remove_document(records::USER, &name).await.map_err(internal)? {
            return Err(unknown(&name));
        }
        for group in all::<Group>(&*self.store, records::GROUP).await? {
            if group.members.contains(&name) {
                self.leave_group(&group.name, &name).await?;
            }
        }
        self.changed();
        self.note(Deed::of(caller, "user_removed", Some(&name))).await;
        Ok(())
    }

    /// Somebody has to be left who can add and change users.
    async fn spare_last_admin(&self, name: &str) -> Result<(), Problem> {
        let users: Vec<User> = all(&*self.store, records::USER).await?;
        let mut admins = users.iter().filter(|user| user.role == Role::Admin);
        match (admins.next(), admins.next()) {
            (Some(only), None) if only.name == name => Err(Problem::new(
                ProblemKind::Conflict,
                format!("{name} is the only admin: make another first"),
            )),
            _ => Ok(()),
        }
    }
}

/// There is no such user.
pub fn unknown(name: &str) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("there is no user {name}"))
}

fn info(user: &User, groups: &[Group]) -> UserInfo {
    let theirs = groups.iter().filter(|group| group.members.contains(&user.name));
    UserInfo {
        name: user.name.clone(),
        role: user.role,
        groups: theirs.map(|group| group.name.clone()).collect(),
        limits: user.quota.clone(),
        created_at: user.created_at,
    }
}
