//! Reading requests, with the field at fault in every refusal.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use protocol::{JobId, Problem, ProblemKind};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::problem::Failure;

/// How long a client may take to send a body.
const BODY: Duration = Duration::from_secs(30);

/// A JSON body. Fields that nobody knows are refused by name: a misspelt limit is no limit.
#[derive(Debug)]
pub struct StrictJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for StrictJson<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
            let problem = Problem::new(ProblemKind::Invalid, "the body has to be application/json");
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE.as_u16();
            return Err(Failure(Problem { status, ..problem }.at("content-type")));
        }
        let body = timeout(BODY, Bytes::from_request(request, state)).await.map_err(|_| too_slow())?;
        Ok(Self(parse(&body.map_err(|rejection| unreadable(&rejection))?)?))
    }
}

fn too_slow() -> Problem {
    let detail = format!("the body has to be here within {} s", BODY.as_secs());
    let status = StatusCode::REQUEST_TIMEOUT.as_u16();
    Problem { status, ..Problem::new(ProblemKind::Invalid, detail) }
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(ProblemKind::TooLarge, "the body is larger than this controller takes")
        }
        _ => Problem::new(ProblemKind::Invalid, "the body could not be read"),
    }
}

/// Reads JSON whose every field is known.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut unknown = None;
    let mut json = serde_json::Deserializer::from_slice(body);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let value = serde_ignored::deserialize(tracked, |path| {
        unknown.get_or_insert_with(|| path.to_string().replace(".?", ""));
    });
    let value: T = value.map_err(|error| {
        let problem = Problem::new(ProblemKind::Invalid, error.to_string());
        match track.path().to_string() {
            path if matches!(path.as_str(), "." | "?") => problem,
            path => problem.at(path),
        }
    })?;
    json.end().map_err(|error| Problem::new(ProblemKind::Invalid, error.to_string()))?;
    match unknown {
        Some(field) => {
            let detail = format!("there is no field {field:?}: see /openapi.json");
            Err(Problem::invalid(field, detail))
        }
        None => Ok(value),
    }
}

/// The parameters behind the `?`.
#[derive(Debug)]
pub struct Parameters<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        let Query(parameters) = query.map_err(|rejection: QueryRejection| {
            Failure(Problem::new(ProblemKind::Invalid, rejection.body_text()).at("query"))
        })?;
        Ok(Self(parameters))
    }
}

/// The job that the path names.
#[derive(Debug)]
pub struct PathId(pub JobId);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let text = path.map_or_else(|_| String::new(), |Path(text)| text);
        let id = text.parse().map_err(|error| Problem::invalid("id", format!("{text:?} is {error}")))?;
        Ok(Self(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::JobSpec;

    fn field(body: &str) -> String {
        parse::<JobSpec>(body.as_bytes()).unwrap_err().field.unwrap_or_default()
    }

    #[test]
    fn the_field_at_fault_is_named() {
        assert_eq!(field(r#"{"limits":{"memory_bytes":"much"}}"#), "limits.memory_bytes");
        assert_eq!(field(r#"{"files":[{"path":"a","content":""},{"path":"b"}]}"#), "files[1]");
        assert_eq!(field(r#"{"limts":{}}"#), "limts");
        assert_eq!(field(r#"{"limits":{"cpu_second":1}}"#), "limits.cpu_second");
        assert_eq!(field("{"), "");
    }
}
