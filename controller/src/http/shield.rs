//! What stands before every call: that this door was meant, and that no web page elsewhere made a browser call it; and
//! what every answer tells browsers to keep to.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use protocol::{Problem, ProblemKind};

use super::hosts;
use super::problem::Failure;
use crate::doors::Full;

/// What browsers keep to, unless an answer says otherwise of itself: nothing is guessed, framed, loaded, told to other
/// sites, or kept.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Whoever has been here over TLS comes over TLS, for a year.
const ALWAYS_ENCRYPTED: &str = "max-age=31536000";

/// What the door knows of itself.
#[derive(Debug, Clone)]
pub struct House {
    /// The names it has beside those that every machine has, where these are looked at.
    pub hosts: Option<Vec<String>>,
    /// Whether it speaks TLS.
    pub encrypted: bool,
}

/// Lets through what may pass, and sees to every answer.
pub async fn guard(State(house): State<Arc<House>>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&house, &request) {
        Some(problem) => Failure(problem).into_response(),
        None => next.run(request).await,
    };
    protect(response.headers_mut(), house.encrypted);
    response
}

fn refusal(house: &House, request: &Request) -> Option<Problem> {
    let called = [request.uri().authority().map(|name| name.as_str()), host(request.headers())];
    let names = house.hosts.as_deref();
    if names.is_some_and(|names| !called.into_iter().flatten().all(|called| hosts::is_ours(called, names))) {
        let detail = "this door has no such name: call it by its address, or tell it the name (http_hosts)";
        let problem = Problem::new(ProblemKind::Invalid, detail).at("host");
        return Some(Problem { status: StatusCode::MISDIRECTED_REQUEST.as_u16(), ..problem });
    }
    // The only method by which a page can have something changed elsewhere without asking there first.
    if request.method() == Method::POST { unfit(request) } else { None }
}

/// Why a body is not what this call takes, where it is not.
fn unfit(request: &Request) -> Option<Problem> {
    match (Kind::of(request.headers()), request.uri().path()) {
        (Kind::Json, _) => None,
        // Whoever sends a form has to say that it is no page of another site: see the guard.
        (Kind::Form, "/api/v1/jobs") | (Kind::Bytes, "/api/v1/archives") => None,
        _ => not_json(request.headers()),
    }
}

/// What a body says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JSON.
    Json,
    /// A form with parts, which any page can have a browser send anywhere.
    Form,
    /// Data of some kind that no page can have a browser send elsewhere without asking there first.
    Bytes,
    /// Something else, or nothing that it would say.
    Other,
}

impl Kind {
    /// By its head.
    pub fn of(headers: &HeaderMap) -> Self {
        let kind =
            headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/json" => Self::Json,
            "multipart/form-data" => Self::Form,
            "application/x-www-form-urlencoded" => Self::Other,
            kind if kind.starts_with("application/") => Self::Bytes,
            _ => Self::Other,
        }
    }
}

/// A host that is no text is nobody's.
fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST).map(|host| host.to_str().unwrap_or_default())
}

/// Why this is not read as JSON, where it does not say that it is. No web page can make a browser say so of what it sends
/// elsewhere, unless it is allowed to there; and here nobody is.
pub fn not_json(headers: &HeaderMap) -> Option<Problem> {
    match Kind::of(headers) {
        Kind::Json => None,
        _ => Some(wrong_kind("a call that changes something has to be application/json")),
    }
}

/// A body of a kind that is not read here.
pub fn wrong_kind(detail: &str) -> Problem {
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE.as_u16();
    Problem { status, ..Problem::new(ProblemKind::Invalid, detail) }.at("content-type")
}

fn protect(headers: &mut HeaderMap, encrypted: bool) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if encrypted {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(ALWAYS_ENCRYPTED));
    }
}

/// The whole answer to somebody for whom there is no room.
pub fn no_room(full: &Full) -> Vec<u8> {
    let problem = Problem::new(ProblemKind::Busy, full.to_string()).retry_after(1);
    // Plain data always becomes JSON.
    let body = serde_json::to_string(&problem).unwrap_or_default();
    let mut answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n\
         connection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in HEADERS {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    answer.push_str("\r\n");
    answer.push_str(&body);
    answer.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_any_page_can_have_a_browser_send_is_no_bytes() {
        let kind = |value: &'static str| {
            let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(value))];
            Kind::of(&headers.into_iter().collect())
        };
        assert_eq!(kind("Application/JSON; charset=utf-8"), Kind::Json);
        assert_eq!(kind("multipart/form-data; boundary=x"), Kind::Form);
        assert_eq!(kind("application/zip"), Kind::Bytes);
        for simple in ["text/plain", "application/x-www-form-urlencoded", "", "multipart/mixed"] {
            assert_eq!(kind(simple), Kind::Other, "{simple}");
        }
        assert_eq!(Kind::of(&HeaderMap::new()), Kind::Other);
    }

    #[test]
    fn what_an_answer_says_of_itself_stands_and_only_tls_is_promised_for_ever() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'self'"));
        protect(&mut headers, false);
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "default-src 'self'");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
        protect(&mut headers, true);
        assert_eq!(headers[header::STRICT_TRANSPORT_SECURITY], ALWAYS_ENCRYPTED);
    }
}
