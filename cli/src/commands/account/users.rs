//! `cli user`.

use protocol::account::{
    AccountAnswer, AccountRequest, NewUser, PasswordChange, Quota, UserChange, UserInfo,
};

use super::super::Address;
use super::login::new_password;
use super::{ask, tell};
use crate::args::UserCommand;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::messages::accounts as messages;
use crate::table::{self, Align};
use crate::terminal;

/// Looks after users.
pub async fn user(address: &Address, command: UserCommand) -> Result<Exit, Failure> {
    let change = |name: String, change: UserChange| AccountRequest::ChangeUser { name, change };
    match command {
        UserCommand::List(args) => {
            let users = users(address, AccountRequest::Users).await?;
            if args.json {
                terminal::print_json(&users)?;
            } else if users.is_empty() {
                terminal::say(messages::NO_USERS);
            } else {
                let rows: Vec<[String; 4]> = users.iter().map(row).collect();
                let lines = table::lines(messages::USER_HEADS, [Align::Left; 4], &rows, terminal::width());
                terminal::print_lines(&lines)?;
            }
        }
        UserCommand::Add { name, role } => {
            let new = NewUser { name, role: role.into(), password: new_password()? };
            say(&users(address, AccountRequest::AddUser(new)).await?, messages::user_added);
        }
        UserCommand::Remove { name } => {
            tell(address, AccountRequest::RemoveUser { name: name.clone() }).await?;
            terminal::say(&messages::user_removed(&name));
        }
        UserCommand::Passwd { name: Some(name) } => {
            let password = Some(new_password()?);
            let request = change(name, UserChange { password, ..UserChange::default() });
            say(&users(address, request).await?, messages::user_changed);
        }
        UserCommand::Passwd { name: None } => {
            let old = terminal::ask_secret(messages::ASK_OLD_PASSWORD)?;
            let ask = PasswordChange { old, new: new_password()? };
            tell(address, AccountRequest::ChangePassword(ask)).await?;
            terminal::say(messages::PASSWORD_CHANGED);
        }
        UserCommand::Role { name, role } => {
            let request = change(name, UserChange { role: Some(role.into()), ..UserChange::default() });
            say(&users(address, request).await?, messages::user_changed);
        }
        UserCommand::Limit { name, quota } => {
            let limits = Some(Quota::from(&quota));
            let request = change(name, UserChange { limits, ..UserChange::default() });
            say(&users(address, request).await?, messages::user_changed);
        }
    }
    Ok(Exit::OK)
}

async fn users(address: &Address, request: AccountRequest) -> Result<Vec<UserInfo>, Failure> {
    match ask(address, request).await? {
        (_, AccountAnswer::Users { users }) => Ok(users),
        (link, _) => Err(link.strange_answer()),
    }
}

fn say(users: &[UserInfo], text: impl Fn(&str) -> String) {
    users.iter().for_each(|user| terminal::say(&text(&user.name)));
}

fn row(user: &UserInfo) -> [String; 4] {
    let role = messages::role(user.role).to_owned();
    [user.name.clone(), role, user.groups.join(" "), messages::quota(&user.limits)]
}
