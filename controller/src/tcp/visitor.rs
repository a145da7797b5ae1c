//! Who a client is, asked anew for each request: what was revoked is good for nothing any more.

use std::sync::Arc;

use protocol::client::Request;
use protocol::{Problem, Secret};

use crate::identity::{self, Action, Caller, Fingerprint, Identity};
use crate::wire::Peer;

/// Whoever is at the other end of a connection.
#[derive(Clone)]
pub struct Visitor {
    /// Who is who.
    pub identity: Arc<Identity>,
    peer: Arc<Peer>,
    proof: Option<Fingerprint>,
}

impl Visitor {
    /// Somebody who showed this token, or none.
    pub fn new(identity: Arc<Identity>, peer: Peer, token: Option<&Secret>) -> Self {
        Self { identity, peer: Arc::new(peer), proof: token.map(Fingerprint::of) }
    }

    /// Lets them ask that, or says why not.
    ///
    /// # Errors
    /// Where they may not, or nobody knows who they are.
    pub async fn admit(&self, action: Action) -> Result<Caller, Problem> {
        self.identity.admit(action, &self.peer, self.proof.clone()).await
    }
}

/// What a request is, for the table of permissions.
pub fn action(request: &Request) -> Action {
    match request {
        Request::Submit { .. } | Request::Rerun { .. } => Action::Submit,
        Request::Signal { .. } | Request::Resize { .. } => Action::Submit,
        Request::Watch { stdin_follows: true, .. } => Action::Submit,
        Request::Watch { .. } | Request::Job { .. } | Request::Artifact { .. } => Action::SeeJob,
        Request::Cancel { .. } => Action::CancelJob,
        Request::Jobs(_) => Action::ListJobs,
        Request::Languages | Request::Cluster => Action::LookAround,
        Request::Runners => Action::SeeRunners,
        Request::Drain { .. }
        | Request::PauseRunner { .. }
        | Request::ResumeRunner { .. }
        | Request::ChangeRunner { .. }
        | Request::JoinToken(_)
        | Request::RemoveRunner { .. } => Action::ManageRunners,
        Request::Account { ask } => identity::action(ask),
    }
}
