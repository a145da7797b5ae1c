//! What the page has to know of the place before anybody is asked who they are.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Context;
use crate::config::AnonymousUse;

/// What holds here.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Settings {
    /// Version of the controller.
    pub version: &'static str,
    /// Whether jobs can be shared by links.
    pub sharing: bool,
    /// Who may run programs without an account, once there is one.
    #[schema(value_type = String)]
    pub anonymous_use: AnonymousUse,
    /// Whether there is an account.
    pub has_accounts: bool,
    /// Whether this door is encrypted.
    pub encrypted: bool,
    /// Bytes that one job's contents may have.
    pub max_body: u64,
    /// The port of the TCP door for clients.
    pub clients_port: u16,
    /// The port of the door for runners.
    pub runners_port: u16,
    /// The port of this door.
    pub http_port: u16,
}

/// What holds here, for everybody.
#[utoipa::path(get, path = "/settings", tag = "cluster", responses((status = 200, body = Settings)))]
pub async fn settings(State(context): State<Context>) -> Json<Settings> {
    let has_accounts = context.identity.has_accounts();
    Json(Settings { has_accounts, ..context.settings.as_ref().clone() })
}
