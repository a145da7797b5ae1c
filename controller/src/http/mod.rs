//! The HTTP door (port 7080): JSON in, JSON out, `application/problem+json` where something is wrong.

mod account;
mod archives;
mod artifacts;
mod body;
mod callbacks;
mod cluster;
mod cluster_events;
mod events;
mod extract;
mod guard;
mod hosts;
mod jobs;
mod joining;
mod page;
mod problem;
mod server;
mod settings;
mod sharing;
mod shield;
mod stream;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use protocol::{Problem, ProblemKind};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::JSON_OVERHEAD;
use crate::doors::Door;
use crate::encryption::Encryption;
use crate::identity::Identity;
use crate::jobs::Jobs;
use crate::overview::Overview;
use problem::Failure;

pub use settings::Settings;
pub use shield::House;

/// How large a body about accounts may be, in bytes: a group is given many names at once.
const MAX_ACCOUNT_BODY: u64 = 256 << 10;

/// How large a call's body may be, in bytes, where that is not what a job may have.
#[derive(Debug, Clone, Copy)]
struct MaxBody(u64);

/// How many archives are looked into at once: what comes out is only counted when it is out.
const UNPACKING: usize = 2;

/// What every handler has.
#[derive(Clone)]
struct Context {
    jobs: Jobs,
    identity: Arc<Identity>,
    settings: Arc<Settings>,
    overview: Arc<Overview>,
    /// The largest body, in bytes.
    max_request: u64,
    /// Whoever looks into an archive takes one.
    unpacking: Arc<Semaphore>,
}

/// The title of the API's description.
#[derive(OpenApi)]
#[openapi(
    info(title = "Ruche", description = "Compiles and runs programs."),
    components(schemas(stream::Said))
)]
struct Description;

/// Serves until told to stop, and then until all answers are given.
pub async fn serve(
    jobs: Jobs,
    identity: Arc<Identity>,
    overview: Arc<Overview>,
    listener: TcpListener,
    door: (Door, Encryption),
    (house, settings): (House, Settings),
    stop: CancellationToken,
) {
    server::serve(router(jobs, identity, overview, house, settings), listener, door, stop).await;
}

fn router(
    jobs: Jobs,
    identity: Arc<Identity>,
    overview: Arc<Overview>,
    house: House,
    settings: Settings,
) -> Router {
    let max_request = jobs.limits().max_body.saturating_mul(JSON_OVERHEAD);
    let (settings, unpacking) = (Arc::new(settings), Arc::new(Semaphore::new(UNPACKING)));
    let context = Context { jobs, identity, overview, settings, max_request, unpacking };
    let (api, description) =
        OpenApiRouter::with_openapi(Description::openapi()).nest("/api/v1", api()).split_for_parts();
    let description = Arc::new(plain_paths(description));
    api.route("/", get(page::index))
        .route("/favicon.svg", get(page::icon))
        .route("/assets/{name}", get(page::asset))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/openapi.json", get(move || async move { Json(description.as_ref().clone()) }))
        .route_layer(from_fn_with_state(context.clone(), guard::guard))
        .fallback(|| async { Failure(Problem::new(ProblemKind::NotFound, "there is nothing here")) })
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::new(house), shield::guard))
        .with_state(context)
}

/// The description has no word for a path in which a parameter may have slashes.
fn plain_paths(mut description: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let paths = std::mem::take(&mut description.paths.paths);
    description.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    description
}

/// Every route of the API; what is not described cannot be added.
fn api() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(jobs::submit, jobs::list))
        .routes(routes!(archives::look))
        .routes(routes!(jobs::get))
        .routes(routes!(jobs::cancel))
        .routes(routes!(jobs::attempts))
        .routes(routes!(jobs::spec))
        .routes(routes!(jobs::rerun))
        .routes(routes!(artifacts::artifact))
        .routes(routes!(artifacts::shared))
        .routes(routes!(sharing::share, sharing::unshare))
        .routes(routes!(sharing::shared))
        .routes(routes!(settings::settings))
        .routes(routes!(events::events))
        .routes(routes!(stream::stream))
        .routes(routes!(cluster::languages))
        .routes(routes!(cluster::runners))
        .routes(routes!(cluster::drain))
        .routes(routes!(cluster::pause))
        .routes(routes!(cluster::resume))
        .routes(routes!(joining::remove, cluster::change))
        .routes(routes!(joining::new_token))
        .routes(routes!(cluster::cluster))
        .routes(routes!(callbacks::of_cluster, callbacks::renew_of_cluster))
        .routes(routes!(cluster_events::events))
        .routes(routes!(cluster::samples))
        .merge(accounts())
}

/// The calls about accounts. Some of them are for whoever comes, so their bodies are small.
fn accounts() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .routes(routes!(account::log_in, account::me, account::log_out))
        .routes(routes!(account::set_up))
        .routes(routes!(account::change_password))
        .routes(routes!(account::users, account::add_user))
        .routes(routes!(account::change_user, account::remove_user))
        .routes(routes!(account::groups))
        .routes(routes!(account::change_group, account::remove_group))
        .routes(routes!(account::limit_group))
        .routes(routes!(account::limits))
        .routes(routes!(account::tokens, account::create_token))
        .routes(routes!(account::revoke_token))
        .routes(routes!(callbacks::own, callbacks::renew_own))
        .routes(routes!(account::audit))
        .layer(Extension(MaxBody(MAX_ACCOUNT_BODY)))
}

async fn ready(State(context): State<Context>) -> Response {
    match context.jobs.is_draining() {
        true => (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n").into_response(),
        false => "ready\n".into_response(),
    }
}

async fn wrong_method() -> Response {
    let problem = Problem::new(ProblemKind::Invalid, "this address does not have that method");
    let problem = Problem { status: StatusCode::METHOD_NOT_ALLOWED.as_u16(), ..problem };
    Failure(problem).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_described() {
        let description = api().into_openapi();
        let paths: Vec<&str> = description.paths.paths.keys().map(String::as_str).collect();
        let expected = [
            "/account/callback-key",
            "/archives",
            "/audit",
            "/cluster",
            "/cluster/callback-key",
            "/cluster/events",
            "/groups",
            "/groups/{name}",
            "/groups/{name}/limits",
            "/jobs",
            "/jobs/{id}",
            "/jobs/{id}/artifacts/{*path}",
            "/jobs/{id}/attempts",
            "/jobs/{id}/cancel",
            "/jobs/{id}/events",
            "/jobs/{id}/rerun",
            "/jobs/{id}/share",
            "/jobs/{id}/spec",
            "/jobs/{id}/stream",
            "/join-tokens",
            "/languages",
            "/limits",
            "/password",
            "/runners",
            "/runners/{runner}",
            "/runners/{runner}/drain",
            "/runners/{runner}/pause",
            "/runners/{runner}/resume",
            "/samples",
            "/session",
            "/settings",
            "/setup",
            "/shared/{token}",
            "/shared/{token}/artifacts/{*path}",
            "/tokens",
            "/tokens/{id}",
            "/users",
            "/users/{name}",
        ];
        assert_eq!(paths, expected);
        assert!(serde_json::to_string(&description).unwrap().contains("JobSpec"));
    }
}
