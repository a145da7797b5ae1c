//! The calls about links to jobs.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use protocol::{Job, JobId, JobSpec, Problem, Secret, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::Context;
use super::extract::PathId;
use super::problem::Failure;
use crate::identity::Caller;
use crate::jobs;

/// A link that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct Link {
    /// What stands in it; whoever has it sees the job.
    token: Secret,
    /// When it ends, unless its job is forgotten or it is taken back before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// What a link leads to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Shared {
    /// The job with its output.
    job: Job,
    /// The program.
    spec: JobSpec,
}

/// Make a link with which anybody sees a job and its program.
#[utoipa::path(post, path = "/jobs/{id}/share", tag = "jobs", params(("id" = JobId, Path)), responses(
    (status = 201, body = Link),
    (status = 403, description = "The operator has turned links off", body = Problem,
        content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It has too many links", body = Problem, content_type = "application/problem+json"),
))]
pub async fn share(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    PathId(id): PathId,
) -> Result<(StatusCode, Json<Link>), Failure> {
    context.jobs.get_for(&caller, id).await?;
    let (token, expires_at) = context.identity.share(&caller, id).await?;
    Ok((StatusCode::CREATED, Json(Link { token, expires_at })))
}

/// Take all links to a job back.
#[utoipa::path(delete, path = "/jobs/{id}/share", tag = "jobs", params(("id" = JobId, Path)), responses(
    (status = 204),
    (status = 403, description = "The operator has turned links off", body = Problem,
        content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn unshare(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    PathId(id): PathId,
) -> Result<StatusCode, Failure> {
    context.jobs.get_for(&caller, id).await?;
    context.identity.unshare(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a link leads to. Whose job it is is not told, nor the key with which it was submitted, nor its judges and what they said.
#[utoipa::path(get, path = "/shared/{token}", tag = "jobs", params(("token" = String, Path)), responses(
    (status = 200, body = Shared),
    (status = 403, description = "The operator has turned links off", body = Problem,
        content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many were opened from this address", body = Problem,
        content_type = "application/problem+json"),
))]
pub async fn shared(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(token): Path<String>,
) -> Result<Json<Shared>, Failure> {
    let id = context.identity.shared(caller.address, &Secret::from(token)).await?;
    let spec = context.jobs.spec(id).await?;
    let spec = JobSpec { idempotency_key: None, checker: None, interactor: None, ..spec };
    let mut job = Job { owner: None, ..context.jobs.get(id).await? };
    jobs::conceal(&mut job);
    Ok(Json(Shared { job, spec }))
}
