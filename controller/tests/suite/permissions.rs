//! The table of who may do what: every HTTP call and every message of the TCP door, by everybody. One that is added
//! without its row fails here.

use std::collections::BTreeSet;

use controller::config::AnonymousUse;
use protocol::account::{AccountRequest, AuditQuery, LogIn, NewToken, NewUser, PasswordChange, Role, SetUp};
use protocol::client::{JobQuery, Request, Response};
use protocol::hello::Hello;
use protocol::{JobId, ProblemKind, Secret, Signal, TerminalSize};

use crate::support::{Client, Controller, PASSWORD, Someone, program};

/// Whether somebody may ask that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum May {
    Yes,
    /// They have to log in first.
    LogIn,
    /// They may not.
    No,
}
use May::{LogIn as In, No, Yes};

/// A stranger where strangers may not run programs, one where they may, a user, a teacher, an admin, and a token
/// of the admin's that is good for reading alone.
type Row = [May; 6];

const ANYBODY: Row = [Yes, Yes, Yes, Yes, Yes, Yes];
const WHO_MAY_LOOK: Row = [In, Yes, Yes, Yes, Yes, Yes];
const WHO_MAY_RUN: Row = [In, Yes, Yes, Yes, Yes, No];
const USERS_LOOK: Row = [In, In, Yes, Yes, Yes, Yes];
const USERS: Row = [In, In, Yes, Yes, Yes, No];
const TEACHERS: Row = [In, In, No, Yes, Yes, No];
const ADMINS: Row = [In, In, No, No, Yes, No];

const CALLS: [(&str, &str, Row); 49] = [
    ("post", "/jobs", WHO_MAY_RUN),
    ("post", "/archives", WHO_MAY_RUN),
    ("get", "/jobs", USERS_LOOK),
    ("get", "/jobs/{id}", WHO_MAY_LOOK),
    ("get", "/jobs/{id}/attempts", WHO_MAY_LOOK),
    ("get", "/jobs/{id}/events", WHO_MAY_LOOK),
    ("get", "/jobs/{id}/stream", WHO_MAY_LOOK),
    ("post", "/jobs/{id}/cancel", WHO_MAY_RUN),
    ("get", "/jobs/{id}/spec", WHO_MAY_LOOK),
    ("post", "/jobs/{id}/rerun", WHO_MAY_RUN),
    ("post", "/jobs/{id}/share", WHO_MAY_RUN),
    ("delete", "/jobs/{id}/share", WHO_MAY_RUN),
    ("get", "/shared/{token}", ANYBODY),
    ("get", "/jobs/{id}/artifacts/{path}", WHO_MAY_LOOK),
    ("get", "/shared/{token}/artifacts/{path}", ANYBODY),
    ("get", "/settings", ANYBODY),
    ("get", "/languages", WHO_MAY_LOOK),
    ("get", "/cluster", WHO_MAY_LOOK),
    ("get", "/cluster/events", USERS_LOOK),
    ("get", "/runners", USERS_LOOK),
    ("get", "/samples", USERS_LOOK),
    ("post", "/runners/{runner}/drain", ADMINS),
    ("post", "/runners/{runner}/pause", ADMINS),
    ("post", "/runners/{runner}/resume", ADMINS),
    ("patch", "/runners/{runner}", ADMINS),
    ("delete", "/runners/{runner}", ADMINS),
    ("post", "/join-tokens", ADMINS),
    ("post", "/session", ANYBODY),
    ("get", "/session", WHO_MAY_LOOK),
    ("delete", "/session", USERS),
    ("post", "/setup", ANYBODY),
    ("post", "/password", USERS),
    ("get", "/users", TEACHERS),
    ("post", "/users", ADMINS),
    ("patch", "/users/{name}", ADMINS),
    ("delete", "/users/{name}", ADMINS),
    ("get", "/groups", USERS_LOOK),
    ("patch", "/groups/{name}", ADMINS),
    ("delete", "/groups/{name}", ADMINS),
    ("put", "/groups/{name}/limits", TEACHERS),
    ("get", "/limits", WHO_MAY_LOOK),
    ("get", "/tokens", USERS),
    ("post", "/tokens", USERS),
    ("delete", "/tokens/{id}", USERS),
    ("get", "/account/callback-key", USERS),
    ("post", "/account/callback-key", USERS),
    ("get", "/cluster/callback-key", ADMINS),
    ("post", "/cluster/callback-key", ADMINS),
    ("get", "/audit", ADMINS),
];

/// Every message of the TCP door. A new one does not compile without its row.
fn row(request: &Request) -> Row {
    match request {
        Request::Submit { .. } | Request::Cancel { .. } | Request::Rerun { .. } => WHO_MAY_RUN,
        Request::Signal { .. } | Request::Resize { .. } => WHO_MAY_RUN,
        Request::Watch { stdin_follows: true, .. } => WHO_MAY_RUN,
        Request::Watch { .. } | Request::Job { .. } | Request::Artifact { .. } => WHO_MAY_LOOK,
        Request::Languages | Request::Cluster => WHO_MAY_LOOK,
        Request::Jobs(_) | Request::Runners => USERS_LOOK,
        Request::Drain { .. }
        | Request::PauseRunner { .. }
        | Request::ResumeRunner { .. }
        | Request::ChangeRunner { .. }
        | Request::JoinToken(_)
        | Request::RemoveRunner { .. } => ADMINS,
        Request::Account { ask } => match ask {
            AccountRequest::LogIn(_) | AccountRequest::SetUp(_) => ANYBODY,
            AccountRequest::Me | AccountRequest::Limits => WHO_MAY_LOOK,
            AccountRequest::LogOut
            | AccountRequest::ChangePassword(_)
            | AccountRequest::CallbackKey { cluster: false, .. }
            | AccountRequest::Tokens
            | AccountRequest::CreateToken(_)
            | AccountRequest::RevokeToken { .. } => USERS,
            AccountRequest::Users | AccountRequest::LimitGroup { .. } => TEACHERS,
            AccountRequest::Groups => USERS_LOOK,
            AccountRequest::AddUser(_)
            | AccountRequest::CallbackKey { cluster: true, .. }
            | AccountRequest::ChangeUser { .. }
            | AccountRequest::RemoveUser { .. }
            | AccountRequest::ChangeGroup { .. }
            | AccountRequest::RemoveGroup { .. }
            | AccountRequest::Audit(_) => ADMINS,
        },
    }
}

/// One of each, that changes nothing where it is let through.
fn requests() -> Vec<Request> {
    let id = JobId::random();
    let nobody = || "nobody".to_owned();
    let secret = || Secret::from("x".to_owned());
    let asks = [
        AccountRequest::LogIn(LogIn { name: String::new(), password: secret() }),
        AccountRequest::SetUp(SetUp { secret: secret(), name: String::new(), password: secret() }),
        AccountRequest::Me,
        AccountRequest::Limits,
        AccountRequest::LimitGroup { name: nobody(), limits: Default::default() },
        AccountRequest::ChangePassword(PasswordChange { old: secret(), new: secret() }),
        AccountRequest::Users,
        AccountRequest::AddUser(NewUser { name: String::new(), role: Role::User, password: secret() }),
        AccountRequest::ChangeUser { name: nobody(), change: Default::default() },
        AccountRequest::RemoveUser { name: nobody() },
        AccountRequest::Groups,
        AccountRequest::ChangeGroup { name: String::new(), change: Default::default() },
        AccountRequest::RemoveGroup { name: nobody() },
        AccountRequest::Tokens,
        AccountRequest::CreateToken(NewToken { ttl_seconds: Some(0), ..NewToken::default() }),
        AccountRequest::RevokeToken { id: nobody() },
        AccountRequest::CallbackKey { cluster: false, renew: false },
        AccountRequest::CallbackKey { cluster: true, renew: false },
        AccountRequest::Audit(AuditQuery::default()),
        // Last: it ends the session.
        AccountRequest::LogOut,
    ];
    let mut spec = program();
    spec.language = "no such language".to_owned();
    let submit = Request::Submit { spec: Box::new(spec), stdin_follows: false, keep: true };
    let rest = [
        submit,
        Request::Watch { id, after: 0, stdin_follows: false },
        Request::Watch { id, after: 0, stdin_follows: true },
        Request::Signal { id, signal: Signal::Usr1 },
        Request::Resize { id, size: TerminalSize { rows: 24, columns: 80 } },
        Request::Cancel { id },
        Request::Rerun { id },
        Request::Job { id },
        Request::Artifact { id, run: None, path: nobody() },
        Request::Jobs(JobQuery::default()),
        Request::Languages,
        Request::Runners,
        Request::Cluster,
        Request::Drain { runner: nobody() },
        Request::PauseRunner { runner: nobody() },
        Request::ResumeRunner { runner: nobody() },
        Request::ChangeRunner { runner: nobody(), change: Default::default() },
        Request::JoinToken(Default::default()),
        Request::RemoveRunner { runner: nobody() },
    ];
    rest.into_iter().chain(asks.map(|ask| Request::Account { ask })).collect()
}

/// A controller with accounts, and everybody who may come.
struct World {
    closed: Controller,
    open: Controller,
}

impl World {
    async fn new() -> Self {
        let open = Controller::start().await;
        let closed = Controller::start_with(|config| config.anonymous_use = AnonymousUse::Off).await;
        closed.first_admin().await;
        Self { closed, open }
    }

    /// In the order of a row.
    async fn everybody(&self) -> [(&Controller, Someone); 6] {
        let (open, closed) = (&self.open, &self.closed);
        let admin = open.first_admin().await;
        let user = open.add_user(&admin, "ada", "user").await;
        let teacher = open.add_user(&admin, "tom", "teacher").await;
        let reader = admin.with_token(&serde_json::json!({ "scopes": ["read"] })).await;
        [
            (closed, closed.anonymous()),
            (open, open.anonymous()),
            (open, user),
            (open, teacher),
            (open, admin),
            (open, reader),
        ]
    }
}

#[tokio::test]
async fn every_call_is_for_those_whom_the_table_names() {
    let world = World::new().await;
    let everybody = world.everybody().await;
    let description = world.open.http().get("/openapi.json").await.json();
    let described: BTreeSet<(String, String)> = description["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, calls)| {
            let path = path.strip_prefix("/api/v1").unwrap().to_owned();
            calls.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone()))
        })
        .collect();
    let rows = CALLS.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()));
    assert_eq!(described, rows.collect(), "every call has its row");

    for (method, path, row) in CALLS {
        let path = path.replace("{id}", &JobId::random().to_string()).replace(['{', '}'], "");
        for ((place, (_, someone)), may) in everybody.iter().enumerate().zip(row) {
            // Without a body nothing is done, where there would be something to do.
            if (method, path.as_str()) == ("delete", "/session") && may == Yes {
                continue;
            }
            let status = match path.as_str() {
                // They do not end.
                "/cluster/events" => someone.follow(&path).await.0,
                _ => someone.call(&method.to_uppercase(), &path, None).await.status,
            };
            let got = match status {
                401 => In,
                403 => No,
                _ => Yes,
            };
            assert_eq!(got, may, "{method} {path} by {place}: {status}");
        }
    }
}

#[tokio::test]
async fn every_message_is_for_those_whom_the_table_names() {
    let world = World::new().await;
    let everybody = world.everybody().await;
    for request in requests() {
        for ((place, (controller, someone)), may) in everybody.iter().enumerate().zip(row(&request)) {
            let token = someone.token.clone().map(Secret::from);
            let hello = Hello { token, ..Hello::new("test", 10_000) };
            let mut client = Client::connect_as(controller.clients, &hello).await;
            let mut asked = request.clone();
            if let Request::Submit { spec, .. } = &mut asked {
                spec.detach();
                spec.files.clear();
            }
            let got = match client.answer(&asked).await {
                Response::Refused { problem } => match problem.kind {
                    ProblemKind::Unauthorized if !is_log_in(&request) => In,
                    ProblemKind::Forbidden if problem.field.is_none() => No,
                    _ => Yes,
                },
                _ => Yes,
            };
            assert_eq!(got, may, "{request:?} by {place}");
        }
    }
}

/// Whose refusal says that it proves nothing, and not that it may not be asked.
fn is_log_in(request: &Request) -> bool {
    matches!(request, Request::Account { ask: AccountRequest::LogIn(_) | AccountRequest::SetUp(_) })
}

#[tokio::test]
async fn before_the_first_account_whoever_is_at_the_machine_may_do_everything() {
    let controller = Controller::start_with(|config| config.anonymous_use = AnonymousUse::Off).await;
    let operator = controller.anonymous();
    assert_eq!(operator.get("/session").await.json()["role"], "admin");
    for path in ["/jobs", "/runners", "/users", "/groups", "/audit"] {
        assert_eq!(operator.get(path).await.status, 200, "{path}");
    }
    let first = serde_json::json!({ "name": "ada", "role": "user", "password": PASSWORD });
    assert_eq!(operator.post("/users", &first).await.problem()["field"], "role");
    controller.first_admin().await;
    assert_eq!(operator.get("/users").await.status, 401, "from now on an account is needed");
}
