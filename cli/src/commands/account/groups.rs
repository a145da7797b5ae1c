//! `cli group`.

use protocol::account::{AccountAnswer, AccountRequest, GroupChange, GroupInfo, Quota};

use super::super::Address;
use super::{ask, tell};
use crate::args::GroupCommand;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::messages::accounts as messages;
use crate::table::{self, Align};
use crate::terminal;

/// Looks after groups.
pub async fn group(address: &Address, command: GroupCommand) -> Result<Exit, Failure> {
    match command {
        GroupCommand::List(args) => {
            let groups = groups(address, AccountRequest::Groups).await?;
            if args.json {
                terminal::print_json(&groups)?;
            } else if groups.is_empty() {
                terminal::say(messages::NO_GROUPS);
            } else {
                let rows: Vec<[String; 3]> = groups.iter().map(row).collect();
                let lines = table::lines(messages::GROUP_HEADS, [Align::Left; 3], &rows, terminal::width());
                terminal::print_lines(&lines)?;
            }
        }
        GroupCommand::Add { group, users } => {
            let change = GroupChange { add: users.into_iter().collect(), ..GroupChange::default() };
            say(&groups(address, AccountRequest::ChangeGroup { name: group, change }).await?);
        }
        GroupCommand::Drop { group, users } => {
            let change = GroupChange { remove: users.into_iter().collect(), ..GroupChange::default() };
            say(&groups(address, AccountRequest::ChangeGroup { name: group, change }).await?);
        }
        GroupCommand::Remove { group } => {
            tell(address, AccountRequest::RemoveGroup { name: group.clone() }).await?;
            terminal::say(&messages::group_removed(&group));
        }
        GroupCommand::Limit { group, quota } => {
            let request = AccountRequest::LimitGroup { name: group, limits: Quota::from(&quota) };
            say(&groups(address, request).await?);
        }
    }
    Ok(Exit::OK)
}

async fn groups(address: &Address, request: AccountRequest) -> Result<Vec<GroupInfo>, Failure> {
    match ask(address, request).await? {
        (_, AccountAnswer::Groups { groups }) => Ok(groups),
        (link, _) => Err(link.strange_answer()),
    }
}

fn say(groups: &[GroupInfo]) {
    for group in groups {
        terminal::say(&messages::group_changed(&group.name, group.members.len()));
    }
}

fn row(group: &GroupInfo) -> [String; 3] {
    let members: Vec<&str> = group.members.iter().map(String::as_str).collect();
    [group.name.clone(), members.join(" "), messages::quota(&group.limits)]
}
