//! The calls about the cluster.

use axum::Json;
use axum::extract::{Path, State};
use protocol::Problem;
use protocol::cluster::{ClusterInfo, LanguageInfo, RunnerInfo};

use super::Context;
use super::problem::Failure;

/// What the cluster can run.
#[utoipa::path(get, path = "/languages", tag = "cluster", responses((status = 200, body = [LanguageInfo])))]
pub async fn languages(State(context): State<Context>) -> Json<Vec<LanguageInfo>> {
    Json(context.jobs.languages())
}

/// The runners that are connected.
#[utoipa::path(get, path = "/runners", tag = "cluster", responses((status = 200, body = [RunnerInfo])))]
pub async fn runners(State(context): State<Context>) -> Json<Vec<RunnerInfo>> {
    Json(context.jobs.runners())
}

/// Let a runner finish what it runs, take nothing new, and leave.
#[utoipa::path(post, path = "/runners/{runner}/drain", tag = "cluster",
    params(("runner" = String, Path, description = "Its name or id")),
    responses(
        (status = 200, description = "It has been told", body = RunnerInfo),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is too old to be told", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub async fn drain(
    State(context): State<Context>,
    Path(runner): Path<String>,
) -> Result<Json<RunnerInfo>, Failure> {
    Ok(Json(context.jobs.drain_runner(&runner)?))
}

/// The cluster as a whole.
#[utoipa::path(get, path = "/cluster", tag = "cluster", responses((status = 200, body = ClusterInfo)))]
pub async fn cluster(State(context): State<Context>) -> Result<Json<ClusterInfo>, Failure> {
    Ok(Json(context.jobs.cluster().await?))
}
