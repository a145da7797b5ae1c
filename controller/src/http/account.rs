//! The calls about accounts.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use protocol::account::{
    AuditPage, AuditQuery, CreatedToken, GroupChange, GroupInfo, LimitsInfo, LogIn, Me, NewToken, NewUser,
    PasswordChange, Quota, Session, SetUp, TokenInfo, UserChange, UserInfo,
};
use protocol::{Problem, ProblemKind, Secret};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Context;
use super::extract::{Parameters, StrictJson};
use super::guard::COOKIE_NAME;
use super::problem::Failure;
use crate::identity::Caller;
use crate::wire::Peer;

/// How the session is to be proved.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct Proof {
    /// Whether to have the token in the answer, for programs. Pages have it in a cookie that they cannot read.
    token: bool,
}

/// Which entries to show.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct Which {
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 100.
    limit: Option<u32>,
}

/// A cookie that scripts cannot read and other sites' pages do not send.
fn cookie(token: Option<&Secret>, encrypted: bool, seconds: i64) -> Result<HeaderValue, Problem> {
    let (token, secure) = (token.map_or("", Secret::expose), if encrypted { "; Secure" } else { "" });
    let text = format!("{COOKIE_NAME}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).map_err(|error| Problem::new(ProblemKind::Internal, error.to_string()))
}

fn opened(mut session: Session, proof: &Proof, peer: &Peer) -> Result<Response, Failure> {
    if proof.token {
        return Ok(Json(session).into_response());
    }
    let seconds = session.expires_at.as_second() - crate::clock::now().as_second();
    let cookie = cookie(session.token.take().as_ref(), peer.encrypted, seconds)?;
    Ok(([(header::SET_COOKIE, cookie)], Json(session)).into_response())
}

/// Log in.
#[utoipa::path(post, path = "/session", tag = "accounts", params(Proof), request_body = LogIn, responses(
    (status = 200, description = "A cookie or token proves it from now on", body = Session),
    (status = 401, body = Problem, content_type = "application/problem+json"),
    (status = 429, body = Problem, content_type = "application/problem+json"),
))]
pub async fn log_in(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Extension(peer): Extension<Peer>,
    Parameters(proof): Parameters<Proof>,
    StrictJson(ask): StrictJson<LogIn>,
) -> Result<Response, Failure> {
    opened(context.identity.log_in(&caller, ask).await?, &proof, &peer)
}

/// Make the first account, with the secret of the set-up link.
#[utoipa::path(post, path = "/setup", tag = "accounts", params(Proof), request_body = SetUp, responses(
    (status = 200, body = Session),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub async fn set_up(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Extension(peer): Extension<Peer>,
    Parameters(proof): Parameters<Proof>,
    StrictJson(ask): StrictJson<SetUp>,
) -> Result<Response, Failure> {
    opened(context.identity.set_up(&caller, ask).await?, &proof, &peer)
}

/// Who one is.
#[utoipa::path(get, path = "/session", tag = "accounts", responses((status = 200, body = Me)))]
pub async fn me(State(context): State<Context>, Extension(caller): Extension<Caller>) -> Json<Me> {
    Json(context.identity.me(&caller))
}

/// Log out.
#[utoipa::path(delete, path = "/session", tag = "accounts", responses((status = 204)))]
pub async fn log_out(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Extension(peer): Extension<Peer>,
) -> Result<Response, Failure> {
    context.identity.log_out(&caller).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie(None, peer.encrypted, 0)?)]).into_response())
}

/// Change one's own password.
#[utoipa::path(post, path = "/password", tag = "accounts", request_body = PasswordChange, responses(
    (status = 204),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub async fn change_password(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    StrictJson(ask): StrictJson<PasswordChange>,
) -> Result<StatusCode, Failure> {
    context.identity.change_password(&caller, ask).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The users, by name.
#[utoipa::path(get, path = "/users", tag = "accounts", responses((status = 200, body = [UserInfo])))]
pub async fn users(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Vec<UserInfo>>, Failure> {
    Ok(Json(context.identity.users(&caller).await?))
}

/// Add a user.
#[utoipa::path(post, path = "/users", tag = "accounts", request_body = NewUser, responses(
    (status = 201, body = UserInfo),
    (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub async fn add_user(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    StrictJson(new): StrictJson<NewUser>,
) -> Result<(StatusCode, Json<UserInfo>), Failure> {
    Ok((StatusCode::CREATED, Json(context.identity.add_user(&caller, new).await?)))
}

/// Change a user.
#[utoipa::path(patch, path = "/users/{name}", tag = "accounts", params(("name" = String, Path)),
    request_body = UserChange, responses(
        (status = 200, body = UserInfo),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn change_user(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    StrictJson(change): StrictJson<UserChange>,
) -> Result<Json<UserInfo>, Failure> {
    Ok(Json(context.identity.change_user(&caller, &name, change).await?))
}

/// Remove a user with all sessions and tokens.
#[utoipa::path(delete, path = "/users/{name}", tag = "accounts", params(("name" = String, Path)), responses(
    (status = 204),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn remove_user(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    context.identity.remove_user(&caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The groups, by name.
#[utoipa::path(get, path = "/groups", tag = "accounts", responses((status = 200, body = [GroupInfo])))]
pub async fn groups(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Vec<GroupInfo>>, Failure> {
    Ok(Json(context.identity.groups(&caller).await?))
}

/// Change a group, or make it.
#[utoipa::path(patch, path = "/groups/{name}", tag = "accounts", params(("name" = String, Path)),
    request_body = GroupChange, responses(
        (status = 200, body = GroupInfo),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn change_group(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    StrictJson(change): StrictJson<GroupChange>,
) -> Result<Json<GroupInfo>, Failure> {
    Ok(Json(context.identity.change_group(&caller, &name, change).await?))
}

/// Remove a group. Its members stay.
#[utoipa::path(delete, path = "/groups/{name}", tag = "accounts", params(("name" = String, Path)), responses(
    (status = 204),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn remove_group(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, Failure> {
    context.identity.remove_group(&caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set what a group's members may have.
#[utoipa::path(put, path = "/groups/{name}/limits", tag = "accounts", params(("name" = String, Path)),
    request_body = Quota, responses(
        (status = 200, body = GroupInfo),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn limit_group(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    StrictJson(limits): StrictJson<Quota>,
) -> Result<Json<GroupInfo>, Failure> {
    Ok(Json(context.identity.limit_group(&caller, &name, limits).await?))
}

/// What one may have, and has used up.
#[utoipa::path(get, path = "/limits", tag = "accounts", responses((status = 200, body = LimitsInfo)))]
pub async fn limits(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<LimitsInfo>, Failure> {
    Ok(Json(context.identity.limits(&caller).await?))
}

/// One's own tokens, the oldest first.
#[utoipa::path(get, path = "/tokens", tag = "accounts", responses((status = 200, body = [TokenInfo])))]
pub async fn tokens(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Vec<TokenInfo>>, Failure> {
    Ok(Json(context.identity.tokens(&caller).await?))
}

/// Make a token. It is shown once.
#[utoipa::path(post, path = "/tokens", tag = "accounts", request_body = NewToken, responses(
    (status = 201, body = CreatedToken),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub async fn create_token(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    StrictJson(new): StrictJson<NewToken>,
) -> Result<(StatusCode, Json<CreatedToken>), Failure> {
    Ok((StatusCode::CREATED, Json(context.identity.create_token(&caller, new).await?)))
}

/// Revoke a token and all that were made with it.
#[utoipa::path(delete, path = "/tokens/{id}", tag = "accounts", params(("id" = String, Path)), responses(
    (status = 204),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn revoke_token(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    context.identity.revoke_token(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was done, newest first.
#[utoipa::path(get, path = "/audit", tag = "accounts", params(Which), responses((status = 200, body = AuditPage)))]
pub async fn audit(
    State(context): State<Context>,
    Parameters(which): Parameters<Which>,
) -> Result<Json<AuditPage>, Failure> {
    let Which { cursor, limit } = which;
    Ok(Json(context.identity.audit(&AuditQuery { cursor, limit }).await?))
}
