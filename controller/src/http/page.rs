//! The web page, as it was built: part of this binary, compressed at build time.

use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use protocol::{Problem, ProblemKind};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::problem::Failure;

#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Build;

/// What the page may load, and from where: itself, from here. Its editor and its terminal write styles of their own.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data: blob:; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// How long browsers keep what has its content in its name.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// What is compressed, and how that is told: the best first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The page.
pub async fn index(headers: HeaderMap) -> Response {
    file("index.html", &headers, "no-cache")
}

/// Its icon.
pub async fn icon(headers: HeaderMap) -> Response {
    file("favicon.svg", &headers, "no-cache")
}

/// A part of it.
pub async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    file(&format!("assets/{name}"), &headers, FOR_EVER)
}

fn file(path: &str, headers: &HeaderMap, caching: &'static str) -> Response {
    // The compressed twins are not there for themselves.
    let kind = kind(path).filter(|_| Build::get(path).is_some());
    let Some(kind) = kind else {
        return Failure(Problem::new(ProblemKind::NotFound, "the page has no such part")).into_response();
    };
    let Some((file, encoding)) = choose(path, headers) else {
        return Failure(Problem::new(ProblemKind::NotFound, "the page has no such part")).into_response();
    };
    let tag = tag(&file);
    let said: [(HeaderName, &str); 5] = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, caching),
        (CONTENT_SECURITY_POLICY, POLICY),
        (VARY, "accept-encoding"),
        (ETAG, &tag),
    ];
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)) {
        return (StatusCode::NOT_MODIFIED, said).into_response();
    }
    let encoded = encoding.map(|encoding| [(CONTENT_ENCODING, encoding)]);
    match encoded {
        Some(encoded) => (said, encoded, file.data).into_response(),
        None => (said, file.data).into_response(),
    }
}

/// The smallest form that the browser can read.
fn choose(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let compressed = ENCODINGS.into_iter().filter(|(encoding, _)| accepts(accepted, encoding));
    let mut found = compressed.filter_map(|(encoding, ending)| {
        Build::get(&format!("{path}{ending}")).map(|file| (file, Some(encoding)))
    });
    found.next().or_else(|| Build::get(path).map(|file| (file, None)))
}

/// Whether a list such as `gzip, br;q=0` names an encoding and does not rule it out.
fn accepts(list: &str, encoding: &str) -> bool {
    list.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Ok(1.0), str::parse::<f32>);
        named && weight.is_ok_and(|weight| weight > 0.0)
    })
}

fn tag(file: &EmbeddedFile) -> String {
    let digest = file.metadata.sha256_hash();
    let hex: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

fn kind(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "woff2" => "font/woff2",
        "png" => "image/png",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_taken_where_it_is_named_and_not_ruled_out() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("BR;q=0.5", "br"));
        assert!(!accepts("br;q=0, gzip", "br"));
        assert!(!accepts("brotli", "br"));
        assert!(!accepts("", "gzip"));
    }

    #[test]
    fn what_the_page_refers_to_is_there() {
        let index = Build::get("index.html").unwrap();
        let text = String::from_utf8(index.data.into_owned()).unwrap();
        let parts: Vec<&str> = text.split('"').filter(|part| part.starts_with("/assets/")).collect();
        assert!(!parts.is_empty(), "{text}");
        for part in parts {
            assert!(Build::get(&part[1..]).is_some_and(|_| kind(part).is_some()), "{part}");
        }
    }
}
