//! The calls about the keys that sign callbacks.

use axum::extract::State;
use axum::{Extension, Json};
use protocol::Problem;
use protocol::account::CallbackKey;

use super::Context;
use super::problem::Failure;
use crate::identity::{Caller, Whose};

/// The key that signs the callbacks of one's own jobs.
#[utoipa::path(get, path = "/account/callback-key", tag = "accounts", responses(
    (status = 200, body = CallbackKey),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub async fn own(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<CallbackKey>, Failure> {
    Ok(Json(context.identity.callback_key(&caller, Whose::Own).await?))
}

/// Put a new key in place of one's own. The old one signs nothing any more.
#[utoipa::path(post, path = "/account/callback-key", tag = "accounts", responses(
    (status = 200, body = CallbackKey),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub async fn renew_own(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<CallbackKey>, Failure> {
    Ok(Json(context.identity.renew_callback_key(&caller, Whose::Own).await?))
}

/// The key that signs the callbacks of jobs without an owner.
#[utoipa::path(get, path = "/cluster/callback-key", tag = "cluster", responses(
    (status = 200, body = CallbackKey),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub async fn of_cluster(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<CallbackKey>, Failure> {
    Ok(Json(context.identity.callback_key(&caller, Whose::Cluster).await?))
}

/// Put a new key in place of that of jobs without an owner.
#[utoipa::path(post, path = "/cluster/callback-key", tag = "cluster", responses(
    (status = 200, body = CallbackKey),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub async fn renew_of_cluster(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<CallbackKey>, Failure> {
    Ok(Json(context.identity.renew_callback_key(&caller, Whose::Cluster).await?))
}
