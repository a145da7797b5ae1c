//! The calls about which runners are part of the cluster.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use protocol::Problem;
use protocol::joining::{JoinTokenRequest, NewJoinToken};

use super::Context;
use super::extract::StrictJson;
use super::problem::Failure;
use crate::identity::Caller;

/// Make a token with which runners can join. It is told once.
#[utoipa::path(post, path = "/join-tokens", tag = "runners", request_body = JoinTokenRequest, responses(
    (status = 201, body = NewJoinToken),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "The runners' door is not encrypted, so that they need none", body = Problem,
        content_type = "application/problem+json"),
))]
pub async fn new_token(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    StrictJson(request): StrictJson<JoinTokenRequest>,
) -> Result<(StatusCode, Json<NewJoinToken>), Failure> {
    Ok((StatusCode::CREATED, Json(context.identity.new_join_token(&caller, request).await?)))
}

/// Take a runner's right away to be part of the cluster. Its links are cut, and what it runs is run elsewhere.
#[utoipa::path(delete, path = "/runners/{runner}", tag = "runners",
    params(("runner" = String, Path, description = "Its name")),
    responses(
        (status = 204, description = "It is out"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn remove(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(runner): Path<String>,
) -> Result<StatusCode, Failure> {
    context.identity.remove_runner(&caller, &runner).await?;
    Ok(StatusCode::NO_CONTENT)
}
