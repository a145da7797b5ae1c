//! Why a request was not carried out, as `application/problem+json` (RFC 9457) on every door.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of problem it is: the stable word that programs branch on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProblemKind {
    /// The request is not well-formed, or a field's value is not possible.
    Invalid,
    /// No runner knows this language.
    UnknownLanguage,
    /// A limit asked for is over what any runner allows.
    LimitTooHigh,
    /// The request is larger than this controller takes.
    TooLarge,
    /// Nobody knows who asks, or what proves it does not hold any more: log in.
    Unauthorized,
    /// Whoever asks is known, and may not do that.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// It is too late: the job has ended already.
    Conflict,
    /// The queue is at its maximum; try again later.
    QueueFull,
    /// More than this user, token or address may do now; try again later.
    QuotaExceeded,
    /// No runner could take the job at once, and the client asked not to wait.
    NoRunnerFree,
    /// Too much is open or on its way already, here or from this address; try again later.
    Busy,
    /// The controller is shutting down; ask another, or later.
    Draining,
    /// The peer broke the protocol.
    Protocol,
    /// The controller itself failed.
    Internal,
}

impl ProblemKind {
    /// The HTTP status that goes with it.
    pub fn status(self) -> u16 {
        match self {
            Self::Invalid | Self::Protocol => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::UnknownLanguage | Self::LimitTooHigh => 422,
            Self::QueueFull | Self::QuotaExceeded => 429,
            Self::Internal => 500,
            Self::NoRunnerFree | Self::Busy | Self::Draining => 503,
        }
    }

    /// A few words for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Invalid => "invalid request",
            Self::UnknownLanguage => "unknown language",
            Self::LimitTooHigh => "limit too high",
            Self::TooLarge => "request too large",
            Self::Unauthorized => "not logged in",
            Self::Forbidden => "not allowed",
            Self::NotFound => "not found",
            Self::Conflict => "too late",
            Self::QueueFull => "queue full",
            Self::QuotaExceeded => "quota exceeded",
            Self::NoRunnerFree => "no runner free",
            Self::Busy => "too busy",
            Self::Draining => "shutting down",
            Self::Protocol => "protocol error",
            Self::Internal => "internal error",
        }
    }
}

/// A refusal, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The kind, to branch on.
    pub kind: ProblemKind,
    /// The kind in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, and what to do about it, for people.
    pub detail: String,
    /// The field at fault, as in `files[1].path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// After how many seconds trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            title: kind.title().to_owned(),
            status: kind.status(),
            detail: detail.into(),
            field: None,
            retry_after: None,
        }
    }

    /// A field whose value is not possible.
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Invalid, detail).at(field)
    }

    /// The same, with the field at fault.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The same, with the number of seconds to wait before trying again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: {}", self.detail),
            None => f.write_str(&self.detail),
        }
    }
}
