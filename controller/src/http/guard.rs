//! Who may call what: every request passes here before anything of it is read but its head. A call without a row is
//! not there for anybody.

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, UPGRADE};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use protocol::{Problem, ProblemKind, Secret};

use super::problem::Failure;
use super::shield::Kind;
use super::{Context, wrong_method};
use crate::identity::{Action, Fingerprint};
use crate::wire::Peer;

/// The cookie with a session's token.
pub const COOKIE_NAME: &str = "ruche_session";

/// A header that no page of another site can send: whoever sends it does not come from one.
const NOT_A_FORM: &str = "x-ruche";

/// Every call, and what it is for the table of permissions.
pub const ROWS: [(Method, &str, Action); 55] = [
    (Method::POST, "/api/v1/jobs", Action::Submit),
    (Method::POST, "/api/v1/archives", Action::Submit),
    (Method::GET, "/api/v1/jobs/{id}", Action::SeeJob),
    (Method::GET, "/api/v1/jobs", Action::ListJobs),
    (Method::GET, "/api/v1/jobs/{id}/events", Action::SeeJob),
    (Method::GET, "/api/v1/jobs/{id}/stream", Action::SeeJob),
    (Method::GET, "/api/v1/jobs/{id}/attempts", Action::SeeJob),
    (Method::POST, "/api/v1/jobs/{id}/cancel", Action::CancelJob),
    (Method::GET, "/api/v1/jobs/{id}/spec", Action::SeeJob),
    (Method::POST, "/api/v1/jobs/{id}/rerun", Action::Submit),
    (Method::POST, "/api/v1/jobs/{id}/share", Action::CancelJob),
    (Method::DELETE, "/api/v1/jobs/{id}/share", Action::CancelJob),
    (Method::GET, "/api/v1/shared/{token}", Action::Enter),
    (Method::GET, "/api/v1/jobs/{id}/artifacts/{*path}", Action::SeeJob),
    (Method::GET, "/api/v1/shared/{token}/artifacts/{*path}", Action::Enter),
    (Method::GET, "/api/v1/settings", Action::Enter),
    (Method::GET, "/api/v1/languages", Action::LookAround),
    (Method::GET, "/api/v1/cluster", Action::LookAround),
    (Method::GET, "/api/v1/cluster/events", Action::SeeRunners),
    (Method::GET, "/api/v1/runners", Action::SeeRunners),
    (Method::GET, "/api/v1/samples", Action::SeeRunners),
    (Method::POST, "/api/v1/runners/{runner}/drain", Action::ManageRunners),
    (Method::POST, "/api/v1/runners/{runner}/pause", Action::ManageRunners),
    (Method::POST, "/api/v1/runners/{runner}/resume", Action::ManageRunners),
    (Method::PATCH, "/api/v1/runners/{runner}", Action::ManageRunners),
    (Method::DELETE, "/api/v1/runners/{runner}", Action::ManageRunners),
    (Method::POST, "/api/v1/join-tokens", Action::ManageRunners),
    (Method::POST, "/api/v1/session", Action::Enter),
    (Method::GET, "/api/v1/session", Action::SeeOneself),
    (Method::DELETE, "/api/v1/session", Action::ManageOneself),
    (Method::POST, "/api/v1/setup", Action::Enter),
    (Method::POST, "/api/v1/password", Action::ManageOneself),
    (Method::GET, "/api/v1/users", Action::SeeUsers),
    (Method::POST, "/api/v1/users", Action::ManageUsers),
    (Method::PATCH, "/api/v1/users/{name}", Action::ManageUsers),
    (Method::DELETE, "/api/v1/users/{name}", Action::ManageUsers),
    (Method::GET, "/api/v1/groups", Action::SeeGroups),
    (Method::PATCH, "/api/v1/groups/{name}", Action::ManageGroups),
    (Method::DELETE, "/api/v1/groups/{name}", Action::ManageGroups),
    (Method::PUT, "/api/v1/groups/{name}/limits", Action::LimitGroups),
    (Method::GET, "/api/v1/limits", Action::SeeOneself),
    (Method::GET, "/api/v1/tokens", Action::ManageOneself),
    (Method::POST, "/api/v1/tokens", Action::ManageOneself),
    (Method::DELETE, "/api/v1/tokens/{id}", Action::ManageOneself),
    (Method::GET, "/api/v1/account/callback-key", Action::ManageOneself),
    (Method::POST, "/api/v1/account/callback-key", Action::ManageOneself),
    (Method::GET, "/api/v1/cluster/callback-key", Action::ManageCallbacks),
    (Method::POST, "/api/v1/cluster/callback-key", Action::ManageCallbacks),
    (Method::GET, "/api/v1/audit", Action::SeeAudit),
    (Method::GET, "/", Action::Enter),
    (Method::GET, "/favicon.svg", Action::Enter),
    (Method::GET, "/assets/{name}", Action::Enter),
    (Method::GET, "/healthz", Action::Enter),
    (Method::GET, "/readyz", Action::Enter),
    (Method::GET, "/openapi.json", Action::Enter),
];

/// Lets a request through to its handler, which finds its [`Caller`](crate::identity::Caller) beside it.
pub async fn guard(
    State(context): State<Context>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(action) = action(request.method(), path.as_str()) else { return wrong_method().await };
    let shown = shown(&request);
    let admitted = async {
        let (peer, proof) = shown?;
        context.identity.admit(action, &peer, proof).await
    };
    match admitted.await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => Failure(problem).into_response(),
    }
}

fn action(method: &Method, path: &str) -> Option<Action> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    ROWS.iter().find(|(of, at, _)| of == method && *at == path).map(|(_, _, action)| *action)
}

/// Who is connected, and what they show.
fn shown(request: &Request) -> Result<(Peer, Option<Fingerprint>), Problem> {
    let headers = request.headers();
    let peer = request.extensions().get::<Peer>();
    let peer = peer.ok_or_else(|| Problem::new(ProblemKind::Internal, "nobody knows who is connected"))?;
    let bearer = bearer(headers)?;
    let cookie = bearer.is_none().then(|| cookie(headers)).flatten();
    // A socket begins with a GET, and any page can have a browser open one here.
    let safe = matches!(*request.method(), Method::GET | Method::HEAD) && !headers.contains_key(UPGRADE);
    if bearer.is_none() && !safe {
        refuse_other_sites(headers, cookie.is_some() || Kind::of(headers) == Kind::Form)?;
    }
    let proof = bearer.or(cookie).map(|token| Fingerprint::of(&token));
    Ok((peer.clone(), proof))
}

/// The token in the header for it.
fn bearer(headers: &HeaderMap) -> Result<Option<Secret>, Problem> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| text.split_once(' '));
    match token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        Some((_, token)) => Ok(Some(Secret::from(token.trim().to_owned()))),
        None => {
            let detail = "it has to be `Bearer` and a token";
            Err(Problem::new(ProblemKind::Unauthorized, detail).at("Authorization"))
        }
    }
}

/// The token in the session's cookie.
fn cookie(headers: &HeaderMap) -> Option<Secret> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, token)| Secret::from(token.to_owned()))
}

/// A browser sends its cookies, and reaches this machine, whichever page makes it. It says which page that is; with a
/// cookie, or a form, somebody has to have said so.
fn refuse_other_sites(headers: &HeaderMap, has_to_say: bool) -> Result<(), Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let site = text("sec-fetch-site").map(|site| matches!(site, "same-origin" | "none"));
    let origin = text(ORIGIN.as_str()).map(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_some() && host == text(HOST.as_str())
    });
    let vouched = text(NOT_A_FORM).map(|_| true);
    let said = [site, origin, vouched];
    if said.contains(&Some(false)) || (has_to_say && !said.contains(&Some(true))) {
        let detail =
            "this came from the page of another site, or nothing says that it did not: send `X-Ruche: 1`";
        return Err(Problem::new(ProblemKind::Forbidden, detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Principal, Reach, permission};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn another_sites_page_may_not_act_with_our_cookie() {
        let allowed = |pairs: &[_], cookie| refuse_other_sites(&headers(pairs), cookie).is_ok();
        assert!(!allowed(&[("host", "lab:7080")], true));
        for same in [
            &[("sec-fetch-site", "same-origin")][..],
            &[("host", "lab:7080"), ("origin", "https://lab:7080")],
            &[("x-ruche", "1")],
        ] {
            assert!(allowed(same, true), "{same:?}");
        }
        for other in [
            &[("sec-fetch-site", "cross-site"), ("x-ruche", "1")][..],
            &[("sec-fetch-site", "same-site")],
            &[("host", "lab:7080"), ("origin", "https://evil:7080")],
            &[("host", "lab:7080"), ("origin", "null")],
        ] {
            assert!(!allowed(other, true), "{other:?}");
            assert!(!allowed(other, false), "not without a cookie either: {other:?}");
        }
        assert!(allowed(&[("host", "lab:7080")], false), "programs say nothing");
    }

    #[test]
    fn a_runner_has_nothing_to_ask_here() {
        for (method, path, action) in ROWS {
            let reach = permission::reach(action, &Principal::Runner);
            assert_eq!(
                reach > Reach::Nothing,
                action == Action::Enter && action.is_open(),
                "{method} {path}"
            );
        }
    }

    #[test]
    fn a_token_is_found_in_its_header_or_cookie() {
        let token = |found: Option<Secret>| found.map(|token| token.expose().to_owned());
        let found = bearer(&headers(&[("authorization", "bearer  abc")])).unwrap();
        assert_eq!(token(found).as_deref(), Some("abc"));
        assert!(bearer(&headers(&[("authorization", "Basic abc")])).is_err());
        let found = cookie(&headers(&[("cookie", "a=b; ruche_session=abc; c=d")]));
        assert_eq!(token(found).as_deref(), Some("abc"));
        assert_eq!(cookie(&headers(&[("cookie", "not_ruche_session=abc")])), None);
    }
}
