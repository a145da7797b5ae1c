//! How a WebSocket ends. Pure.

use axum::extract::ws::{CloseCode, CloseFrame, close_code};

/// The longest reason, in bytes: a control frame has 125, two of them for the code.
const MAX_REASON: usize = 123;

/// Why a socket ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closing {
    /// The job is over and all of it was told.
    Finished,
    /// The client said something that it may not say.
    Wrong(String),
    /// What it said cannot be read, nor anything that comes after it.
    Unreadable,
    /// The controller stops.
    Stopping,
    /// The job cannot be followed any more.
    Lost(String),
    /// The client has gone, or does not answer: there is nobody to tell.
    Gone,
}

impl Closing {
    /// What the client is told, where there is somebody to tell.
    pub fn frame(&self) -> Option<CloseFrame> {
        let (code, reason): (CloseCode, &str) = match self {
            Self::Finished => (close_code::NORMAL, "the job has finished"),
            Self::Wrong(reason) => (close_code::POLICY, reason),
            Self::Unreadable => {
                (close_code::POLICY, "a message is text of at most 65536 bytes, in frames of a client")
            }
            Self::Stopping => (close_code::AWAY, "the controller stops: come back later, or try another"),
            Self::Lost(reason) => (close_code::ERROR, reason),
            Self::Gone => return None,
        };
        Some(CloseFrame { code, reason: shortened(reason).into() })
    }
}

/// The beginning of a reason, as far as there is room for it.
fn shortened(reason: &str) -> &str {
    &reason[..reason.floor_char_boundary(MAX_REASON)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::stream::message::MAX_MESSAGE;

    #[test]
    fn every_reason_fits_and_is_whole_text() {
        let long = Closing::Wrong("é".repeat(100)).frame().unwrap();
        assert_eq!(long.reason.as_str(), "é".repeat(61));
        assert_eq!(long.code, 1008);
        for closing in [Closing::Finished, Closing::Unreadable, Closing::Stopping] {
            let reason = closing.frame().unwrap().reason;
            assert!(reason.len() < MAX_REASON, "{reason}");
        }
        assert_eq!(Closing::Gone.frame(), None);
    }

    #[test]
    fn how_large_a_message_may_be_is_said() {
        let reason = Closing::Unreadable.frame().unwrap().reason;
        assert!(reason.contains(&MAX_MESSAGE.to_string()));
    }
}
