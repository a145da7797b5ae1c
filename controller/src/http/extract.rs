//! Reading requests, with the field at fault in every refusal.

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use protocol::{JobId, Problem, ProblemKind};
use serde::de::DeserializeOwned;

use super::problem::Failure;
use super::shield::not_json;
use super::{Context, MaxBody, body};
use crate::text;

/// A JSON body. Fields that nobody knows are refused by name: a misspelt limit is no limit.
#[derive(Debug)]
pub struct StrictJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Context> for StrictJson<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, context: &Context) -> Result<Self, Failure> {
        if let Some(problem) = not_json(request.headers()) {
            return Err(Failure(problem));
        }
        let most = request.extensions().get::<MaxBody>().map_or(context.max_request, |most| most.0);
        let body = body::read(request, most).await?;
        Ok(Self(parse(&body.bytes)?))
    }
}

/// Reads JSON whose every field is known.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut unknown = None;
    let mut json = serde_json::Deserializer::from_slice(body);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let value = serde_ignored::deserialize(tracked, |path| {
        unknown.get_or_insert_with(|| path.to_string().replace(".?", ""));
    });
    let value: T = value.map_err(|error| {
        // It may quote what was sent, however long that is.
        let problem = Problem::new(ProblemKind::Invalid, text::line(&error.to_string()));
        match track.path().to_string() {
            path if matches!(path.as_str(), "." | "?") => problem,
            path => problem.at(text::line(&path)),
        }
    })?;
    json.end().map_err(|error| Problem::new(ProblemKind::Invalid, error.to_string()))?;
    match unknown {
        Some(field) => {
            let field = text::line(&field);
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
            Failure(Problem::new(ProblemKind::Invalid, text::line(&rejection.body_text())).at("query"))
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
        let given = path.map_or_else(|_| String::new(), |Path(given)| given);
        Ok(Self(job_id(&given)?))
    }
}

/// The job that somebody names.
///
/// # Errors
/// Where it is no identifier.
pub fn job_id(given: &str) -> Result<JobId, Problem> {
    let wrong = |error| Problem::invalid("id", format!("{:?} is {error}", text::line(given)));
    given.parse().map_err(wrong)
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

    #[test]
    fn a_refusal_is_short_whatever_it_quotes() {
        let long = "x".repeat(1 << 20);
        for body in [format!(r#"{{"priority":"{long}"}}"#), format!(r#"{{"{long}":1}}"#)] {
            let problem = parse::<JobSpec>(body.as_bytes()).unwrap_err();
            assert!(problem.detail.len() + problem.field.unwrap().len() < 2000);
        }
    }
}
