//! The first frame each way on a TCP door.

use serde::{Deserialize, Serialize};

use crate::{Problem, ProblemKind, Secret};

/// The version of the protocol that this crate speaks. It changes only with what older peers cannot ignore.
pub const PROTOCOL_VERSION: u32 = 1;

/// How many bytes of data a peer may send on a stream before it needs credit, unless its hello says otherwise.
pub const DEFAULT_WINDOW: u32 = 256 * 1024;

/// How many heartbeats may stay out before a silent peer counts as dead.
pub const MISSED_HEARTBEATS: u32 = 3;

/// Attempts outlive the link that brought them: a runner holds them until their end is recorded, and another link
/// takes them up.
pub const RESUME: &str = "resume";

/// A runner can be told by its controller to leave.
pub const DRAIN: &str = "drain";

/// Who speaks, and what it can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The protocol's version.
    pub protocol: u32,
    /// Program and version, for people, as in `ruche-cli/0.1.0`.
    #[serde(default)]
    pub software: String,
    /// Optional features that the sender knows.
    #[serde(default)]
    pub features: Vec<String>,
    /// Features without which the sender cannot go on.
    #[serde(default)]
    pub required: Vec<String>,
    /// How many bytes of data the sender takes on each stream before it gives credit.
    #[serde(default = "default_window")]
    pub window: u32,
    /// The sender lets something be heard at least this often, in milliseconds; it takes the peer for dead
    /// when nothing is heard for [`MISSED_HEARTBEATS`] times as long.
    #[serde(default = "default_heartbeat")]
    pub heartbeat_ms: u32,
    /// This life of a controller: the numbers of a job's events mean something within it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life: Option<String>,
    /// Who a client is: the token that a log-in or `cli token create` gave it. Nobody's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
}

fn default_window() -> u32 {
    DEFAULT_WINDOW
}

fn default_heartbeat() -> u32 {
    10_000
}

impl Hello {
    /// The hello of this version of the software.
    pub fn new(program: &str, heartbeat_ms: u32) -> Self {
        Self {
            protocol: PROTOCOL_VERSION,
            software: format!("{program}/{}", env!("CARGO_PKG_VERSION")),
            features: Vec::new(),
            required: Vec::new(),
            window: DEFAULT_WINDOW,
            heartbeat_ms,
            life: None,
            token: None,
        }
    }

    /// The same, offering these features.
    #[must_use]
    pub fn with_features(mut self, features: &[&str]) -> Self {
        self.features = features.iter().map(|feature| (*feature).to_owned()).collect();
        self
    }

    /// Whether its sender knows an optional feature.
    pub fn knows(&self, feature: &str) -> bool {
        self.features.iter().any(|known| known == feature)
    }

    /// Whether this side, which offers `features`, can talk to the peer that sent this hello.
    ///
    /// # Errors
    /// A [`Problem`] to send to the peer before closing.
    pub fn check(&self, features: &[&str]) -> Result<(), Problem> {
        if self.protocol != PROTOCOL_VERSION {
            let detail = format!("this side speaks protocol {PROTOCOL_VERSION}, not {}", self.protocol);
            return Err(Problem::new(ProblemKind::Protocol, detail).at("protocol"));
        }
        match self.required.iter().find(|required| !features.contains(&required.as_str())) {
            Some(missing) => {
                let detail = format!("this side does not know the required feature {missing:?}");
                Err(Problem::new(ProblemKind::Protocol, detail).at("required"))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_and_features_are_ignored_and_unknown_required_ones_refused_by_name() {
        let hello = r#"{"protocol":1,"features":["warp"],"shiny":true}"#;
        let hello: Hello = serde_json::from_str(hello).unwrap();
        assert_eq!(hello.window, DEFAULT_WINDOW);
        assert_eq!(hello.check(&[]), Ok(()));

        let hello = Hello { required: vec!["warp".into()], ..hello };
        assert_eq!(hello.check(&["warp"]), Ok(()));
        assert!(hello.check(&[]).unwrap_err().detail.contains("warp"));
        assert!(Hello { protocol: 2, ..hello }.check(&["warp"]).is_err());
    }
}
