//! The calls about the cluster.

use axum::extract::{Path, State};
use axum::{Extension, Json};
use protocol::cluster::{ClusterInfo, LanguageInfo, RunnerChange, RunnerInfo, Sample};
use protocol::{Problem, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Context;
use super::extract::{Parameters, StrictJson};
use super::problem::Failure;
use crate::identity::{Caller, Deed};
use crate::jobs::SampleQuery;

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

/// Give a runner nothing new; it stays connected and finishes what it runs.
#[utoipa::path(post, path = "/runners/{runner}/pause", tag = "cluster",
    params(("runner" = String, Path, description = "Its name or id")),
    responses(
        (status = 200, body = RunnerInfo),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn pause(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(runner): Path<String>,
) -> Result<Json<RunnerInfo>, Failure> {
    let paused = context.jobs.steering().pause(&runner, caller.principal.name()).await?;
    context.identity.note(Deed::of(&caller, "runner_paused", Some(&paused.name))).await;
    Ok(Json(paused))
}

/// Give a paused runner jobs again.
#[utoipa::path(post, path = "/runners/{runner}/resume", tag = "cluster",
    params(("runner" = String, Path, description = "Its name or id")),
    responses(
        (status = 200, body = RunnerInfo),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It was told to leave and cannot be called back", body = Problem,
            content_type = "application/problem+json"),
    )
)]
pub async fn resume(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(runner): Path<String>,
) -> Result<Json<RunnerInfo>, Failure> {
    let resumed = context.jobs.steering().resume(&runner).await?;
    context.identity.note(Deed::of(&caller, "runner_resumed", Some(&resumed.name))).await;
    Ok(Json(resumed))
}

/// Change what a runner takes. Never more than by its own configuration; `null` is as that has it.
#[utoipa::path(patch, path = "/runners/{runner}", tag = "cluster", request_body = RunnerChange,
    params(("runner" = String, Path, description = "Its name or id")),
    responses(
        (status = 200, body = RunnerInfo),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn change(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path(runner): Path<String>,
    StrictJson(wanted): StrictJson<RunnerChange>,
) -> Result<Json<RunnerInfo>, Failure> {
    let changed = context.jobs.steering().change(&runner, wanted).await?;
    context.identity.note(Deed::of(&caller, "runner_changed", Some(&changed.name))).await;
    Ok(Json(changed))
}

/// The cluster as a whole.
#[utoipa::path(get, path = "/cluster", tag = "cluster", responses((status = 200, body = ClusterInfo)))]
pub async fn cluster(State(context): State<Context>) -> Result<Json<ClusterInfo>, Failure> {
    Ok(Json(context.jobs.cluster().await?))
}

/// Which samples to give.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct Which {
    /// Only those of the runner with this name.
    runner: Option<String>,
    /// Only those since this moment, as in `2025-01-31T12:00:00Z`; the last hour where absent.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Averages over so many seconds, 10 to 86400, instead of each sample.
    step: Option<u32>,
    /// One line for all runners together, called `*`: what hosts use is averaged over them, jobs and containers are added
    /// up. In steps of ten seconds where nothing else is said.
    total: bool,
}

/// How runners' hosts did, every ten seconds or on average over longer steps, the oldest first.
#[utoipa::path(get, path = "/samples", tag = "cluster", params(Which), responses(
    (status = 200, body = [Sample]),
    (status = 400, body = Problem, content_type = "application/problem+json"),
))]
pub async fn samples(
    State(context): State<Context>,
    Parameters(which): Parameters<Which>,
) -> Result<Json<Vec<Sample>>, Failure> {
    let Which { runner, since, step, total } = which;
    Ok(Json(context.jobs.samples(SampleQuery { runner, since, step, total }).await?))
}
