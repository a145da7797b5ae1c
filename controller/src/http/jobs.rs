//! The calls about jobs.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use protocol::client::JobQuery;
use protocol::{Content, Job, JobAttempt, JobId, JobPage, JobSpec, JobState, Problem, Verdict};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Context;
use super::archives::{Form, Submitted};
use super::extract::{Parameters, PathId};
use super::problem::Failure;
use crate::identity::Caller;
use crate::jobs::{SOCKET_AWAY, Submission};

/// The longest that a call waits for a job, in seconds.
const MAX_WAIT: f64 = 60.0;

/// The header with the key of a submission.
const KEY: &str = "idempotency-key";

/// How long to wait.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct Wait {
    /// How many seconds to wait for the job to finish, at most 60.
    wait: Option<f64>,
}

/// How to submit.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct Submit {
    /// How many seconds to wait for the job to finish, at most 60.
    wait: Option<f64>,
    /// Where its standard input comes from: the job itself, unless it is to be streamed.
    #[param(inline)]
    stdin: Option<StdinFrom>,
}

/// Where else standard input may come from.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StdinFrom {
    /// Over the WebSocket of the job, `/jobs/{id}/stream`, which has to come within 10 s.
    Stream,
}

/// Which jobs to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct List {
    /// Only jobs in this state.
    #[param(inline)]
    state: Option<JobState>,
    /// Only jobs of this language.
    language: Option<String>,
    /// Only jobs with this label, as `name=value`.
    label: Option<String>,
    /// Only jobs with this verdict.
    #[param(inline)]
    verdict: Option<Verdict>,
    /// Only jobs that this runner has or had last.
    runner: Option<String>,
    /// Only jobs whose id begins so, or whose owner or one of whose labels' values has this in it, in any case of ASCII letters.
    search: Option<String>,
    /// Only jobs of this user.
    owner: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 100.
    limit: Option<u32>,
}

/// A job that was taken in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted {
    id: JobId,
    state: JobState,
    /// How many jobs were before it.
    position: u64,
}

impl Wait {
    fn duration(&self) -> Result<Option<Duration>, Problem> {
        match self.wait {
            None => Ok(None),
            Some(seconds) if (0.0..=MAX_WAIT).contains(&seconds) => {
                Ok(Some(Duration::from_secs_f64(seconds)))
            }
            Some(_) => Err(Problem::invalid("wait", format!("between 0 and {MAX_WAIT} seconds"))),
        }
    }
}

/// Compile and run a program.
///
/// As a form it comes with an archive of its files; what is no browser says `X-Ruche: 1` with it.
#[utoipa::path(post, path = "/jobs", tag = "jobs", params(
    Submit,
    ("Idempotency-Key" = Option<String>, Header,
        description = "The same as `idempotency_key`: another submission with this key is this job"),
), request_body(content((JobSpec = "application/json"), (Form = "multipart/form-data"))), responses(
    (status = 200, description = "It has finished within `wait`", body = Job),
    (status = 202, description = "It is queued or running", body = Accepted),
    (status = "4XX", description = "It was refused", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "No runner is free, and it was not to wait", body = Problem,
        content_type = "application/problem+json"),
))]
pub async fn submit(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Parameters(Submit { wait, stdin }): Parameters<Submit>,
    headers: HeaderMap,
    Submitted(mut spec): Submitted,
) -> Result<Response, Failure> {
    let wait = Wait { wait }.duration()?;
    if stdin.is_some() {
        refuse_other_input(&spec, wait)?;
    }
    refuse_detached(&spec)?;
    set_key(&mut spec, &headers)?;
    let account = caller.principal.account().cloned();
    let stdin = stdin.map(|StdinFrom::Stream| context.jobs.attended_stdin(&caller, SOCKET_AWAY));
    let (id, _watching) = context.jobs.submit(spec, Submission { stdin, keep: true, account }).await?;
    let job = match wait {
        Some(wait) => context.jobs.get_finished(id, wait).await?,
        None => context.jobs.get(id).await?,
    };
    if wait.is_some() && job.state == JobState::Finished {
        return Ok(Json(job).into_response());
    }
    Ok(accepted(&job))
}

fn accepted(job: &Job) -> Response {
    let accepted = Accepted { id: job.id, state: job.state, position: job.position.unwrap_or(0) };
    let location = format!("/api/v1/jobs/{}", job.id);
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(accepted)).into_response()
}

/// Jobs, newest first. A page looks at 10,000 jobs at most, so one may be short, or even empty, and have a `next_cursor`.
#[utoipa::path(get, path = "/jobs", tag = "jobs", params(List), responses(
    (status = 200, body = JobPage),
    (status = 400, body = Problem, content_type = "application/problem+json"),
))]
pub async fn list(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Parameters(list): Parameters<List>,
) -> Result<Json<JobPage>, Failure> {
    let List { state, language, label, verdict, runner, search, owner, cursor, limit } = list;
    let owners = owner.map(|owner| vec![owner]);
    let query = JobQuery { state, language, label, verdict, runner, search, owners, cursor, limit };
    Ok(Json(context.jobs.list_for(&caller, query).await?))
}

/// One job with its output.
#[utoipa::path(get, path = "/jobs/{id}", tag = "jobs", params(("id" = JobId, Path), Wait), responses(
    (status = 200, body = Job),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn get(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    PathId(id): PathId,
    Parameters(wait): Parameters<Wait>,
) -> Result<Json<Job>, Failure> {
    Ok(Json(match wait.duration()? {
        Some(wait) => context.jobs.get_finished_for(&caller, id, wait).await?,
        None => context.jobs.get_for(&caller, id).await?,
    }))
}

/// The times that a job was handed to a runner, the first one first.
#[utoipa::path(get, path = "/jobs/{id}/attempts", tag = "jobs", params(("id" = JobId, Path)), responses(
    (status = 200, body = [JobAttempt]),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn attempts(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    PathId(id): PathId,
) -> Result<Json<Vec<JobAttempt>>, Failure> {
    Ok(Json(context.jobs.attempts_for(&caller, id).await?))
}

/// A job's program, as it was submitted.
#[utoipa::path(get, path = "/jobs/{id}/spec", tag = "jobs", params(("id" = JobId, Path)), responses(
    (status = 200, body = JobSpec),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn spec(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    PathId(id): PathId,
) -> Result<Json<JobSpec>, Failure> {
    Ok(Json(context.jobs.spec_for(&caller, id).await?))
}

/// Run a job's program again, as a new job of one's own. Input that was streamed to the old one was not kept.
#[utoipa::path(post, path = "/jobs/{id}/rerun", tag = "jobs", params(("id" = JobId, Path)), responses(
    (status = 202, body = Accepted),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = "4XX", description = "It was refused", body = Problem, content_type = "application/problem+json"),
))]
pub async fn rerun(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    PathId(id): PathId,
) -> Result<Response, Failure> {
    Ok(accepted(&context.jobs.rerun_for(&caller, id).await?))
}

/// Stop a job.
#[utoipa::path(post, path = "/jobs/{id}/cancel", tag = "jobs", params(("id" = JobId, Path)), responses(
    (status = 200, description = "It is stopped, or about to be", body = Job),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "It has ended already", body = Problem, content_type = "application/problem+json"),
))]
pub async fn cancel(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    PathId(id): PathId,
) -> Result<Json<Job>, Failure> {
    Ok(Json(context.jobs.cancel_for(&caller, id, "somebody cancelled it").await?))
}

/// The key of a submission may stand in a header, too, where it is the same.
fn set_key(spec: &mut JobSpec, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(value) = headers.get(KEY) else { return Ok(()) };
    let invalid = |detail| Err(Problem::invalid("Idempotency-Key", detail));
    let Ok(key) = value.to_str() else { return invalid("it has to be printable ASCII") };
    match &spec.idempotency_key {
        Some(given) if given != key => invalid("it differs from `idempotency_key`"),
        _ => {
            spec.idempotency_key = Some(key.to_owned());
            Ok(())
        }
    }
}

/// Input comes from one place; and whoever is to send it has to know the job's id before the job is over.
fn refuse_other_input(spec: &JobSpec, wait: Option<Duration>) -> Result<(), Problem> {
    if wait.is_some() {
        return Err(Problem::invalid(
            "wait",
            "a job whose input is streamed is not waited for: watch it instead",
        ));
    }
    let field = if spec.runs.is_some() { "runs[0].stdin" } else { "stdin" };
    let first = spec.effective_runs().into_iter().next().and_then(|run| run.stdin);
    if first.is_some_and(|given| given.size() > 0) {
        return Err(Problem::invalid(
            field,
            "with stdin=stream the first run's input is the one that is streamed",
        ));
    }
    Ok(())
}

/// Contents beside the JSON are for the TCP door.
fn refuse_detached(spec: &JobSpec) -> Result<(), Problem> {
    let detached = |content: &Content| matches!(content, Content::Detached(_));
    let refuse =
        |field: String| Err(Problem::invalid(field, "over HTTP contents are given here, not by their size"));
    if let Some(index) = spec.files.iter().position(|file| detached(&file.content)) {
        return refuse(format!("files[{index}].content"));
    }
    match spec.detached_sizes().is_empty() {
        true => Ok(()),
        false => refuse("stdin".to_owned()),
    }
}
