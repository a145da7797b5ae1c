//! What the TCP door is asked about accounts.

use protocol::Problem;
use protocol::account::{AccountAnswer, AccountRequest};

use super::{Action, Caller, Identity, Whose};

/// What such a request is, for the table of permissions.
pub fn action(ask: &AccountRequest) -> Action {
    match ask {
        AccountRequest::LogIn(_) | AccountRequest::SetUp(_) => Action::Enter,
        AccountRequest::Me | AccountRequest::Limits => Action::SeeOneself,
        AccountRequest::LogOut
        | AccountRequest::ChangePassword(_)
        | AccountRequest::CallbackKey { cluster: false, .. }
        | AccountRequest::Tokens
        | AccountRequest::CreateToken(_)
        | AccountRequest::RevokeToken { .. } => Action::ManageOneself,
        AccountRequest::CallbackKey { cluster: true, .. } => Action::ManageCallbacks,
        AccountRequest::Users => Action::SeeUsers,
        AccountRequest::AddUser(_)
        | AccountRequest::ChangeUser { .. }
        | AccountRequest::RemoveUser { .. } => Action::ManageUsers,
        AccountRequest::Groups => Action::SeeGroups,
        AccountRequest::ChangeGroup { .. } | AccountRequest::RemoveGroup { .. } => Action::ManageGroups,
        AccountRequest::LimitGroup { .. } => Action::LimitGroups,
        AccountRequest::Audit(_) => Action::SeeAudit,
    }
}

impl Identity {
    /// Answers somebody who may ask that.
    ///
    /// # Errors
    /// Why not.
    pub async fn answer(&self, caller: &Caller, ask: AccountRequest) -> Result<AccountAnswer, Problem> {
        use AccountAnswer as Answer;
        Ok(match ask {
            AccountRequest::LogIn(ask) => Answer::Session(self.log_in(caller, ask).await?),
            AccountRequest::SetUp(ask) => Answer::Session(self.set_up(caller, ask).await?),
            AccountRequest::Me => Answer::Me(self.me(caller)),
            AccountRequest::Limits => Answer::Limits(self.limits(caller).await?),
            AccountRequest::LogOut => done(self.log_out(caller).await?),
            AccountRequest::ChangePassword(ask) => done(self.change_password(caller, ask).await?),
            AccountRequest::Users => Answer::Users { users: self.users(caller).await? },
            AccountRequest::AddUser(new) => Answer::Users { users: vec![self.add_user(caller, new).await?] },
            AccountRequest::ChangeUser { name, change } => {
                Answer::Users { users: vec![self.change_user(caller, &name, change).await?] }
            }
            AccountRequest::RemoveUser { name } => done(self.remove_user(caller, &name).await?),
            AccountRequest::Groups => Answer::Groups { groups: self.groups(caller).await? },
            AccountRequest::ChangeGroup { name, change } => {
                Answer::Groups { groups: vec![self.change_group(caller, &name, change).await?] }
            }
            AccountRequest::LimitGroup { name, limits } => {
                Answer::Groups { groups: vec![self.limit_group(caller, &name, limits).await?] }
            }
            AccountRequest::RemoveGroup { name } => done(self.remove_group(caller, &name).await?),
            AccountRequest::Tokens => Answer::Tokens { tokens: self.tokens(caller).await? },
            AccountRequest::CreateToken(new) => Answer::Token(self.create_token(caller, new).await?),
            AccountRequest::RevokeToken { id } => done(self.revoke_token(caller, &id).await?),
            AccountRequest::CallbackKey { cluster, renew } => {
                let whose = if cluster { Whose::Cluster } else { Whose::Own };
                Answer::CallbackKey(match renew {
                    true => self.renew_callback_key(caller, whose).await?,
                    false => self.callback_key(caller, whose).await?,
                })
            }
            AccountRequest::Audit(query) => Answer::Audit(self.audit(&query).await?),
        })
    }
}

fn done((): ()) -> AccountAnswer {
    AccountAnswer::Done
}
