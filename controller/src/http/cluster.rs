//! The calls about the cluster.

use axum::Json;
use axum::extract::State;
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

/// The cluster as a whole.
#[utoipa::path(get, path = "/cluster", tag = "cluster", responses((status = 200, body = ClusterInfo)))]
pub async fn cluster(State(context): State<Context>) -> Result<Json<ClusterInfo>, Failure> {
    Ok(Json(context.jobs.cluster().await?))
}
