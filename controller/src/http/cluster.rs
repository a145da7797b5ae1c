//! The calls about the cluster.

use std::time::Duration;

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
use crate::store::{Averages, Whose};

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

/// The time that samples are given of where nobody says since when.
const RECENT: Duration = Duration::from_secs(3600);

/// The steps that samples can be averaged over, in seconds; a sample is taken every ten.
const SHORTEST_STEP: u32 = 10;
const LONGEST_STEP: u32 = 86_400;

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

impl Which {
    /// The averages that are asked for, where they are.
    fn averages(self, since: Timestamp) -> Result<Option<Averages>, Problem> {
        let (whose, step) = match (self.total, self.runner, self.step) {
            (false, _, None) => return Ok(None),
            (true, Some(_), _) => {
                return Err(Problem::invalid("total", "the total is of all runners: leave `runner` away"));
            }
            (true, None, step) => (Whose::All, step.unwrap_or(SHORTEST_STEP)),
            (false, Some(runner), Some(step)) => (Whose::One(runner), step),
            (false, None, Some(step)) => (Whose::Each, step),
        };
        if !(SHORTEST_STEP..=LONGEST_STEP).contains(&step) {
            let detail = format!("a step is {SHORTEST_STEP} to {LONGEST_STEP} seconds");
            return Err(Problem::invalid("step", detail));
        }
        Ok(Some(Averages { whose, since, step: Duration::from_secs(step.into()) }))
    }
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
    let recent = || Timestamp::now().checked_sub(RECENT).unwrap_or(Timestamp::UNIX_EPOCH);
    let since = which.since.unwrap_or_else(recent);
    let runner = which.runner.clone();
    Ok(Json(match which.averages(since)? {
        Some(averages) => context.jobs.averages(&averages).await?,
        None => context.jobs.samples(runner.as_deref(), since).await?,
    }))
}
