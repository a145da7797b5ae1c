//! The calls for files that a job's runs left. A stranger's program wrote them: only what a browser shows as a picture and
//! nothing else is shown, all else is for saving.

use std::fmt::Write;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use protocol::{JobId, Problem, Secret};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Context;
use super::extract::{Parameters, job_id};
use super::problem::Failure;
use crate::identity::Caller;

/// Kinds of pictures that cannot hold a script, by their extensions.
const PICTURES: [(&str, &str); 5] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
];

/// Which of the files with one path.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct OfRun {
    /// Of which run, from 0; of the first that left one where absent.
    run: Option<u32>,
}

/// A file that a run left. The path may have slashes in it.
#[utoipa::path(get, path = "/jobs/{id}/artifacts/{*path}", tag = "jobs",
    params(("id" = JobId, Path), ("path" = String, Path), OfRun), responses(
    (status = 200, description = "What is in it", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
))]
pub async fn artifact(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path((id, path)): Path<(String, String)>,
    Parameters(OfRun { run }): Parameters<OfRun>,
) -> Result<Response, Failure> {
    let content = context.jobs.artifact_for(&caller, job_id(&id)?, run, &path).await?;
    Ok(answer(&path, content))
}

/// A file that a run of a job left to which a link leads.
#[utoipa::path(get, path = "/shared/{token}/artifacts/{*path}", tag = "jobs",
    params(("token" = String, Path), ("path" = String, Path), OfRun), responses(
    (status = 200, description = "What is in it", body = Vec<u8>, content_type = "application/octet-stream"),
    (status = 403, description = "The operator has turned links off", body = Problem,
        content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many were opened from this address", body = Problem,
        content_type = "application/problem+json"),
))]
pub async fn shared(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    Path((token, path)): Path<(String, String)>,
    Parameters(OfRun { run }): Parameters<OfRun>,
) -> Result<Response, Failure> {
    let id = context.identity.shared(caller.address, &Secret::from(token)).await?;
    let content = context.jobs.artifact(id, run, &path).await?;
    Ok(answer(&path, content))
}

fn answer(path: &str, content: Bytes) -> Response {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let extension = extension.as_deref().unwrap_or_default();
    let picture = PICTURES.iter().find(|(known, _)| *known == extension).map(|(_, kind)| *kind);
    let is_drawing = extension == "svg";
    let kind = picture.unwrap_or(if is_drawing { "image/svg+xml" } else { "application/octet-stream" });
    let kind = [(CONTENT_TYPE, kind), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    let mut response = (StatusCode::OK, kind, content).into_response();
    let headers = response.headers_mut();
    if picture.is_none() {
        headers.insert(CONTENT_DISPOSITION, attachment(name));
    }
    if is_drawing {
        let policy = HeaderValue::from_static("sandbox; default-src 'none'");
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What has a browser save it under this name, whatever is in that.
fn attachment(name: &str) -> HeaderValue {
    let mut value = "attachment; filename*=UTF-8''".to_owned();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => value.push(char::from(byte)),
            // Writing to a string cannot fail.
            byte => drop(write!(value, "%{byte:02X}")),
        }
    }
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(path: &str) -> (String, Option<String>, bool) {
        let response = answer(path, Bytes::new());
        let text = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(text(X_CONTENT_TYPE_OPTIONS).unwrap(), "nosniff");
        (text(CONTENT_TYPE).unwrap(), text(CONTENT_DISPOSITION), text(CONTENT_SECURITY_POLICY).is_some())
    }

    #[test]
    fn only_pictures_are_shown() {
        assert_eq!(headers("plots/a.PNG"), ("image/png".into(), None, false));
        assert_eq!(headers("a.jpeg"), ("image/jpeg".into(), None, false));
        for path in ["a.html", "png", "a.png/b", "a.js", ".png.txt"] {
            let (kind, disposition, _) = headers(path);
            assert_eq!(kind, "application/octet-stream", "{path}");
            assert!(disposition.unwrap().starts_with("attachment"), "{path}");
        }
        let (kind, disposition, is_confined) = headers("a.svg");
        assert!(kind == "image/svg+xml" && disposition.is_some() && is_confined);
    }

    #[test]
    fn names_cannot_break_out_of_the_header() {
        let (_, disposition, _) = headers("d/é \";\r\nx");
        assert_eq!(disposition.unwrap(), "attachment; filename*=UTF-8''%C3%A9%20%22%3B%0D%0Ax");
    }
}
