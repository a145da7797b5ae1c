//! Standard input that is streamed to jobs: who may write it, and what becomes of a job whose input fails.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use protocol::{JobId, Problem, ProblemKind};

use super::Jobs;
use crate::identity::{Action, Caller, permission};
use crate::live::{StdinLog, Writer};

/// How long a job's input is waited for while none of its writer's connections is there: a page that comes back does so
/// by itself.
pub const SOCKET_AWAY: Duration = Duration::from_secs(10);

/// The same for somebody who has to type a command to come back.
pub const HAND_AWAY: Duration = Duration::from_secs(60);

/// Why somebody does not write a job's input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoInput {
    /// The job is over, or another controller has its input.
    #[error("no input is taken for this job here: it is over, or was submitted to another controller")]
    Elsewhere,
    /// It came with the job, or goes elsewhere.
    #[error(
        "no input is taken for this job here: it was submitted without stdin=stream, or to another controller"
    )]
    NotStreamed,
    /// Somebody else submitted it.
    #[error("only whoever submitted this job may send its input")]
    NotTheirs,
    /// They may submit nothing.
    #[error("{}", .0.detail)]
    Refused(Problem),
}

impl From<NoInput> for Problem {
    fn from(no_input: NoInput) -> Self {
        let kind = match no_input {
            NoInput::Refused(problem) => return problem,
            NoInput::Elsewhere | NoInput::NotStreamed => ProblemKind::Conflict,
            NoInput::NotTheirs => ProblemKind::Forbidden,
        };
        Self::new(kind, no_input.to_string())
    }
}

impl Jobs {
    /// Standard input that is to be streamed to a job over the connection that submits it.
    pub fn stdin(&self) -> Arc<StdinLog> {
        StdinLog::new(self.limits.max_stdin, &self.budget)
    }

    /// The same, over any connection of whoever submits it; it ends where none is there for so long.
    pub fn attended_stdin(&self, caller: &Caller, away: Duration) -> Arc<StdinLog> {
        let writer = caller.principal.name().map(str::to_owned);
        StdinLog::attended(self.limits.max_stdin, &self.budget, writer, away)
    }

    /// Whether this is a job's input: that of a submission which turned out to be of a job that there is already goes
    /// nowhere.
    pub fn is_input_of(&self, stdin: &Arc<StdinLog>, id: JobId) -> bool {
        self.live.get(id).is_some_and(|live| live.stdin().is_some_and(|own| Arc::ptr_eq(own, stdin)))
    }

    /// Lets somebody write a job's input.
    ///
    /// # Errors
    /// Why they do not.
    pub fn write_for(&self, caller: &Caller, id: JobId) -> Result<Writer, NoInput> {
        let live = self.live.get(id).ok_or(NoInput::Elsewhere)?;
        let stdin = live.stdin().ok_or(NoInput::NotStreamed)?;
        may_write(caller, stdin.writer())?;
        Ok(stdin.attend())
    }

    /// Ends the input of a job that nobody is there to write any more, and stops one whose input cannot be had: it is
    /// too much, or broke off.
    pub(super) async fn guard_stdin(self, id: JobId, stdin: Arc<StdinLog>) {
        let Some(live) = self.live.get(id) else { return };
        let attendance = async {
            stdin.forsaken().await;
            stdin.end();
            std::future::pending::<Infallible>().await
        };
        let over = tokio::select! {
            biased;
            failure = stdin.failed() => failure.to_string(),
            () = live.ended() => return,
            never = attendance => match never {},
        };
        let _ = self.cancel(id, &over).await;
    }
}

/// Whether somebody may write an input, given whether others than its job's connection may, and whose they are.
fn may_write(caller: &Caller, writer: Option<Option<&str>>) -> Result<(), NoInput> {
    permission::check(Action::Submit, &caller.principal).map_err(NoInput::Refused)?;
    match writer {
        None => Err(NoInput::NotStreamed),
        Some(writer) if writer != caller.principal.name() => Err(NoInput::NotTheirs),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use protocol::account::{Quota, Role, Scope};

    use super::*;
    use crate::identity::{Account, Principal, Reach};

    fn caller(principal: Principal) -> Caller {
        Caller { principal, address: [127, 0, 0, 1].into(), proof: None, reach: Reach::All }
    }

    fn user(name: &str, scopes: &[Scope]) -> Caller {
        caller(Principal::User(Arc::new(Account {
            name: name.to_owned(),
            role: Role::Admin,
            groups: Vec::new(),
            pupils: BTreeSet::new(),
            scopes: scopes.iter().copied().collect(),
            tokens: Vec::new(),
            quota: Quota::default(),
            expires_at: None,
        })))
    }

    #[test]
    fn only_who_submitted_a_job_writes_its_input() {
        let ada = user("ada", &[Scope::Submit, Scope::Read]);
        assert_eq!(may_write(&ada, Some(Some("ada"))), Ok(()));
        assert_eq!(may_write(&ada, Some(Some("bob"))), Err(NoInput::NotTheirs), "not even an admin");
        assert_eq!(may_write(&ada, Some(None)), Err(NoInput::NotTheirs));
        assert_eq!(may_write(&ada, None), Err(NoInput::NotStreamed));
        for nobody in [Principal::Guest, Principal::Operator] {
            assert_eq!(may_write(&caller(nobody.clone()), Some(None)), Ok(()));
            assert_eq!(may_write(&caller(nobody), Some(Some("ada"))), Err(NoInput::NotTheirs));
        }
    }

    #[test]
    fn a_token_for_reading_writes_nothing() {
        let reader = user("ada", &[Scope::Read]);
        assert!(matches!(may_write(&reader, Some(Some("ada"))), Err(NoInput::Refused(_))));
    }
}
