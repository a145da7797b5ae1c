//! Who may do what. Pure: docs/security.md has the same table for people, and both doors ask here.

use protocol::account::{Role, Scope};
use protocol::{Problem, ProblemKind};

use super::principal::Principal;

/// Something that can be asked of a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Log in, make the first account, ask whether the controller is well.
    Enter,
    /// Look at languages and at the cluster as a whole.
    LookAround,
    /// Look at runners and how their hosts do.
    SeeRunners,
    /// Make runners leave, pause them, and set what they take.
    ManageRunners,
    /// Run a program.
    Submit,
    /// Look at a job and follow it.
    SeeJob,
    /// List jobs.
    ListJobs,
    /// Stop a job.
    CancelJob,
    /// Ask who one is.
    SeeOneself,
    /// Log out, change the password, make and revoke tokens.
    ManageOneself,
    /// List users.
    SeeUsers,
    /// Add, change and remove users.
    ManageUsers,
    /// List groups.
    SeeGroups,
    /// Make, change and remove groups.
    ManageGroups,
    /// Set what a group's members may have.
    LimitGroups,
    /// Read and replace the key that signs callbacks of jobs without an owner.
    ManageCallbacks,
    /// Look at what was done.
    SeeAudit,
}

/// How far somebody's permission reaches. Jobs of nobody are anybody's who has their id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// They may not.
    Nothing,
    /// To what is their own.
    Own,
    /// To what is theirs or of a member of their groups.
    Groups,
    /// To everything.
    All,
}

/// What each may do: guest, user, teacher, admin; and the scope that a token needs.
struct Row(Reach, Reach, Reach, Reach, Option<Scope>);

impl Action {
    /// Whether it may be done by whoever comes, without being asked who they are.
    pub fn is_open(self) -> bool {
        self == Self::Enter
    }

    fn row(self) -> Row {
        use Reach::{All, Groups, Nothing, Own};
        match self {
            Self::Enter => Row(All, All, All, All, None),
            Self::LookAround => Row(All, All, All, All, None),
            Self::SeeOneself => Row(Own, Own, Own, Own, None),
            Self::SeeRunners => Row(Nothing, All, All, All, Some(Scope::Read)),
            Self::ManageRunners => Row(Nothing, Nothing, Nothing, All, Some(Scope::Admin)),
            Self::Submit => Row(Own, Own, Own, Own, Some(Scope::Submit)),
            Self::SeeJob => Row(Own, Own, Groups, All, Some(Scope::Read)),
            Self::ListJobs => Row(Nothing, Own, Groups, All, Some(Scope::Read)),
            Self::CancelJob => Row(Own, Own, Groups, All, Some(Scope::Cancel)),
            Self::ManageOneself => Row(Nothing, Own, Own, Own, Some(Scope::Account)),
            Self::SeeUsers => Row(Nothing, Nothing, Groups, All, Some(Scope::Admin)),
            Self::ManageUsers => Row(Nothing, Nothing, Nothing, All, Some(Scope::Admin)),
            Self::SeeGroups => Row(Nothing, Own, Own, All, Some(Scope::Read)),
            Self::ManageGroups => Row(Nothing, Nothing, Nothing, All, Some(Scope::Admin)),
            Self::LimitGroups => Row(Nothing, Nothing, Groups, All, Some(Scope::Admin)),
            Self::ManageCallbacks => Row(Nothing, Nothing, Nothing, All, Some(Scope::Admin)),
            Self::SeeAudit => Row(Nothing, Nothing, Nothing, All, Some(Scope::Admin)),
        }
    }
}

/// How far this permission reaches for them.
pub fn reach(action: Action, principal: &Principal) -> Reach {
    let Row(guest, user, teacher, admin, scope) = action.row();
    match principal {
        Principal::Operator => admin,
        Principal::Guest => guest,
        Principal::Nobody | Principal::Runner if action.is_open() => guest,
        Principal::Nobody | Principal::Runner => Reach::Nothing,
        Principal::User(account) if scope.is_some_and(|scope| !account.scopes.contains(&scope)) => {
            Reach::Nothing
        }
        Principal::User(account) => match account.role {
            Role::User => user,
            Role::Teacher => teacher,
            Role::Admin => admin,
        },
    }
}

/// Lets them, or says why not.
///
/// # Errors
/// `unauthorized` where logging in might help, else `forbidden`.
pub fn check(action: Action, principal: &Principal) -> Result<Reach, Problem> {
    let reach = reach(action, principal);
    if reach > Reach::Nothing {
        return Ok(reach);
    }
    let Row(.., scope) = action.row();
    Err(match principal {
        Principal::User(account) => match scope.filter(|scope| !account.scopes.contains(scope)) {
            Some(scope) => {
                let detail = format!("this token is not good for that: it needs the scope {}", word(scope));
                Problem::new(ProblemKind::Forbidden, detail)
            }
            None => Problem::new(ProblemKind::Forbidden, "your account may not do that: ask an admin"),
        },
        Principal::Runner => Problem::new(ProblemKind::Forbidden, "runners have nothing to ask here"),
        _ => Problem::new(ProblemKind::Unauthorized, "log in first (cli login, or a token)"),
    })
}

/// Whether a permission that reaches so far covers what belongs to this owner.
pub fn covers(reach: Reach, principal: &Principal, owner: Option<&str>) -> bool {
    match (reach, owner) {
        (Reach::Nothing, _) => false,
        (Reach::All, _) | (_, None) => true,
        (reach, Some(owner)) => principal.account().is_some_and(|account| {
            account.name == owner || (reach == Reach::Groups && account.pupils.contains(owner))
        }),
    }
}

/// The scope's name.
fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::Submit => "submit",
        Scope::Read => "read",
        Scope::Cancel => "cancel",
        Scope::Account => "account",
        Scope::Admin => "admin",
    }
}
