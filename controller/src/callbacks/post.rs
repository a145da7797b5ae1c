//! One try: a request, and what its receiver says to it. Redirects are answers like others.

use std::future::poll_fn;
use std::pin::{Pin, pin};

use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use protocol::Secret;

use super::dial::{DialError, Dialer};
use super::errand::Errand;
use super::signature;
use super::target::Target;

/// What a callback is about.
const EVENT: &str = "job.finished";

/// The most of an answer's body that is heard, and of its head.
const MAX_ANSWER: usize = 1 << 10;
const MAX_HEAD: usize = 16 << 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// Nobody was reached.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// It does not speak HTTP, or broke off.
    #[error("it gave no answer: {0}")]
    Http(#[from] hyper::Error),
    /// The request cannot be made.
    #[error("it cannot be asked: {0}")]
    Request(#[from] hyper::http::Error),
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// It has arrived.
    Arrived,
    /// Nobody wants it any more.
    Unwanted,
    /// It is to be tried again.
    Again,
}

/// What a status means.
pub fn meaning(status: StatusCode) -> Meaning {
    match status {
        status if status.is_success() => Meaning::Arrived,
        StatusCode::GONE => Meaning::Unwanted,
        _ => Meaning::Again,
    }
}

/// Sends a callback, signed at this time (seconds since 1970).
///
/// # Errors
/// Why there is no answer.
pub async fn post(
    dialer: &Dialer,
    target: &Target,
    errand: &Errand,
    (key, seconds): (&Secret, i64),
    body: String,
) -> Result<StatusCode, PostError> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(target.path())
        .header(HOST, target.authority())
        .header(USER_AGENT, concat!("ruche/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, "application/json")
        .header(CONNECTION, "close")
        .header("Ruche-Event", EVENT)
        .header("Ruche-Delivery", &errand.delivery)
        .header("Ruche-Signature", signature::header(key, seconds, &body))
        .body(body)?;
    let stream = TokioIo::new(dialer.dial(target).await?);
    let (mut sender, connection) = http1::Builder::new().max_buf_size(MAX_HEAD).handshake(stream).await?;
    let mut connection = pin!(connection);
    let asked = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        drain(response.into_body()).await;
        Ok(status)
    };
    let mut asked = pin!(asked);
    tokio::select! {
        biased;
        answer = &mut asked => answer,
        // What it has read by then is the answer, if there is one.
        _ = &mut connection => asked.await,
    }
}

/// Hears an answer out, as far as that is no burden: receivers like to be heard.
async fn drain(mut body: Incoming) {
    let mut heard = 0;
    while heard < MAX_ANSWER {
        match poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            Some(Ok(frame)) => heard += frame.data_ref().map_or(0, bytes::Bytes::len),
            Some(Err(_)) | None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_success_is_success_and_gone_is_the_end() {
        for (status, expected) in [
            (200, Meaning::Arrived),
            (204, Meaning::Arrived),
            (299, Meaning::Arrived),
            (301, Meaning::Again),
            (307, Meaning::Again),
            (404, Meaning::Again),
            (410, Meaning::Unwanted),
            (429, Meaning::Again),
            (500, Meaning::Again),
        ] {
            assert_eq!(meaning(StatusCode::from_u16(status).unwrap()), expected, "{status}");
        }
    }
}
