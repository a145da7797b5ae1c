//! The HTTP door, as a program uses it.

use serde_json::Value;

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: String,
    /// The `Retry-After`, where there is one.
    pub retry_after: Option<String>,
    /// The body, where it is JSON.
    pub body: Value,
}

/// The longest answer, in bytes: a job may have written megabytes.
const MOST: u64 = 64 << 20;

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = response.expect("the controller answers");
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Answer {
        status: response.status().as_u16(),
        content_type: header("content-type").unwrap_or_default(),
        retry_after: header("retry-after"),
        body: response.body_mut().with_config().limit(MOST).read_json().unwrap_or(Value::Null),
    }
}

/// `GET`.
pub fn get(url: &str) -> Answer {
    answer(agent().get(url).call())
}

/// `POST` of JSON.
pub fn post(url: &str, body: &Value) -> Answer {
    answer(agent().post(url).send_json(body))
}

/// `POST` of anything, as JSON.
pub fn post_raw(url: &str, body: &[u8]) -> Answer {
    answer(agent().post(url).header("content-type", "application/json").send(body))
}

/// A file that was downloaded, or why not.
#[derive(Debug, Clone)]
pub struct Download {
    /// The status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: String,
    /// The `Content-Disposition`, where there is one.
    pub disposition: Option<String>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// `GET` of a file.
pub fn download(url: &str) -> Download {
    let mut response = agent().get(url).call().expect("the controller answers");
    let header =
        |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Download {
        status: response.status().as_u16(),
        content_type: header("content-type").unwrap_or_default(),
        disposition: header("content-disposition"),
        bytes: response.body_mut().with_config().limit(MOST).read_to_vec().expect("the answer ends"),
    }
}

/// `POST` of anything, with these headers.
pub fn post_as(url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let request =
        headers.iter().fold(agent().post(url), |request, (name, value)| request.header(*name, *value));
    answer(request.send(body))
}

/// The body of a `GET` as text, to its end.
pub fn read(url: &str, headers: &[(&str, &str)]) -> String {
    let request =
        headers.iter().fold(agent().get(url), |request, (name, value)| request.header(*name, *value));
    let mut response = request.call().expect("the controller answers");
    response.body_mut().read_to_string().expect("the answer ends")
}
