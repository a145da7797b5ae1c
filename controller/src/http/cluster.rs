//! The calls about the cluster.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use protocol::cluster::{ClusterInfo, LanguageInfo, RunnerInfo, Sample};
use protocol::{Problem, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Context;
use super::extract::Parameters;
use super::problem::Failure;
use crate::identity::{Caller, Deed};

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
    Extension(caller): Extension<Caller>,
    Path(runner): Path<String>,
) -> Result<Json<RunnerInfo>, Failure> {
    let drained = context.jobs.drain_runner(&runner)?;
    context.identity.note(Deed::of(&caller, "runner_drained", Some(&drained.name))).await;
    Ok(Json(drained))
}

/// The cluster as a whole.
#[utoipa::path(get, path = "/cluster", tag = "cluster", responses((status = 200, body = ClusterInfo)))]
pub async fn cluster(State(context): State<Context>) -> Result<Json<ClusterInfo>, Failure> {
    Ok(Json(context.jobs.cluster().await?))
}

/// The time that samples are given of where nobody says since when.
const RECENT: std::time::Duration = std::time::Duration::from_secs(3600);

/// Which samples to give.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct Which {
    /// Only those of the runner with this name.
    runner: Option<String>,
    /// Only those since this moment, as in `2025-01-31T12:00:00Z`; the last hour where absent.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
}

/// How runners' hosts did, every ten seconds, the oldest first.
#[utoipa::path(get, path = "/samples", tag = "cluster", params(Which), responses(
    (status = 200, body = [Sample]),
    (status = 400, body = Problem, content_type = "application/problem+json"),
))]
pub async fn samples(
    State(context): State<Context>,
    Parameters(which): Parameters<Which>,
) -> Result<Json<Vec<Sample>>, Failure> {
    let recent = || Timestamp::now().checked_sub(RECENT).unwrap_or(Timestamp::UNIX_EPOCH);
    let since = which.since.unwrap_or_else(recent);
    Ok(Json(context.jobs.samples(which.runner.as_deref(), since).await?))
}
