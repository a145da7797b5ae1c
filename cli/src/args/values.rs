//! Values on the command line that are more than words and numbers.

use std::convert::Infallible;

use protocol::{Secret, Verdict};

use super::steering::OwnOr;
use crate::settings::Masters;
use crate::{messages, units};

/// The addresses of controllers.
pub fn parse_masters(text: &str) -> Result<Masters, &'static str> {
    text.parse().map_err(|_| messages::BAD_MASTER)
}

/// Something that is not to be shown.
pub fn parse_secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::from(text.trim().to_owned()))
}

/// A number of bytes.
pub fn parse_size(text: &str) -> Result<u64, &'static str> {
    units::parse_size(text).ok_or(messages::BAD_SIZE)
}

/// A number of seconds.
pub fn parse_seconds(text: &str) -> Result<f64, &'static str> {
    units::parse_seconds(text).ok_or(messages::BAD_TIME)
}

/// A number of whole seconds, or of days.
pub fn parse_ttl(text: &str) -> Result<u64, &'static str> {
    units::parse_ttl(text).ok_or(messages::BAD_TTL)
}

/// A number of jobs, or the runner's own.
pub fn parse_own_number(text: &str) -> Result<OwnOr, &'static str> {
    parse_own(text).filter(|OwnOr(number)| *number != Some(0)).ok_or(messages::BAD_OWN_NUMBER)
}

/// A percentage, or the runner's own.
pub fn parse_own_percent(text: &str) -> Result<OwnOr, &'static str> {
    let fits = |OwnOr(percent): &OwnOr| percent.is_none_or(|percent| (1..=100).contains(&percent));
    parse_own(text).filter(fits).ok_or(messages::BAD_OWN_PERCENT)
}

fn parse_own(text: &str) -> Option<OwnOr> {
    match text {
        "own" => Some(OwnOr(None)),
        text => Some(OwnOr(Some(text.parse().ok()?))),
    }
}

/// A name and a value.
pub fn parse_pair(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(messages::BAD_PAIR),
    }
}

/// The same, put together again.
pub fn parse_label(text: &str) -> Result<String, &'static str> {
    parse_pair(text).map(|(name, value)| format!("{name}={value}"))
}

/// A verdict, by its word.
pub fn parse_verdict(text: &str) -> Result<Verdict, String> {
    let found = Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == text);
    found.ok_or_else(|| format!("the verdicts are {}", Verdict::ALL.map(Verdict::as_str).join(", ")))
}
