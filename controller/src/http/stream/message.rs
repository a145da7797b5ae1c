//! What is said over a job's WebSocket, in JSON. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use protocol::event::JobEvent;
use protocol::{Gesture, Problem, Signal, TerminalSize};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::identity::Action;
use crate::live::Taken;
use crate::text;

/// How large a message from a client may be, in bytes.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// How much input may be on its way that was not said to be taken, in bytes.
pub const WINDOW: u64 = 64 * 1024;

/// What the server says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StreamNews)]
#[serde(untagged)]
pub enum Told {
    /// Something happened.
    Event {
        /// The event's number, from 1 without gaps.
        number: u64,
        /// What.
        event: JobEvent,
    },
    /// So much input was taken.
    Stdin {
        /// All bytes so far.
        stdin: u64,
        /// There once no more are taken: the input has ended, or the job.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        ended: bool,
    },
}

/// What a client says.
#[derive(Debug, PartialEq, Deserialize, ToSchema)]
#[schema(as = StreamMessage)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Said {
    /// Standard input: one of the two.
    Stdin {
        /// As text.
        data: Option<String>,
        /// Any bytes, in base64.
        base64: Option<String>,
    },
    /// Standard input has ended.
    StdinEnd {},
    /// The running program is to be sent a signal.
    Signal {
        /// Which.
        signal: Signal,
    },
    /// The program's terminal has another size now.
    Resize {
        /// From top to bottom, in characters.
        rows: u16,
        /// From left to right.
        columns: u16,
    },
    /// The job is to be stopped.
    Cancel {},
}

/// What a message asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Wish {
    /// To write this.
    Write(Bytes),
    /// To end the input.
    End,
    /// To do this to the program.
    Gesture(Gesture),
    /// To stop the job.
    Cancel,
}

impl Told {
    /// As it is sent.
    pub fn text(&self) -> String {
        // Plain data always becomes JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl From<Taken> for Told {
    fn from(Taken { bytes, ended }: Taken) -> Self {
        Self::Stdin { stdin: bytes, ended }
    }
}

impl Wish {
    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn read(message: &str) -> Result<Self, String> {
        let said = serde_json::from_str(message).map_err(|error| text::line(&error.to_string()))?;
        match said {
            Said::Stdin { data: Some(data), base64: None } => Ok(Self::Write(data.into())),
            Said::Stdin { data: None, base64: Some(base64) } => match BASE64.decode(base64) {
                Ok(bytes) => Ok(Self::Write(bytes.into())),
                Err(error) => Err(format!("base64: {error}")),
            },
            Said::Stdin { .. } => Err("stdin comes with either `data` or `base64`".to_owned()),
            Said::StdinEnd {} => Ok(Self::End),
            Said::Signal { signal } => Ok(Self::Gesture(Gesture::Signal(signal))),
            Said::Resize { rows, columns } => {
                Ok(Self::Gesture(Gesture::Resize(TerminalSize { rows, columns })))
            }
            Said::Cancel {} => Ok(Self::Cancel),
        }
    }

    /// What it is for the table of permissions. Whose input it is was asked when the socket came; that they are
    /// still let in is asked each time.
    pub fn action(&self) -> Action {
        match self {
            Self::Write(_) | Self::End => Action::SeeJob,
            Self::Gesture(_) => Action::Submit,
            Self::Cancel => Action::CancelJob,
        }
    }
}

/// Whether a client may send more, of whose input so much was taken, and so much said to be.
pub fn may_go_on(taken: u64, told: u64) -> bool {
    taken.saturating_sub(told) < WINDOW
}

/// What is said when a job cannot be followed any more.
pub fn lost(problem: &Problem) -> String {
    text::line(&problem.detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_text_or_any_bytes() {
        let write = |message| match Wish::read(message) {
            Ok(Wish::Write(bytes)) => bytes,
            other => panic!("{message}: {other:?}"),
        };
        assert_eq!(write(r#"{"type":"stdin","data":"é\n"}"#), "é\n");
        assert_eq!(write(r#"{"type":"stdin","base64":"AP8="}"#), &[0, 255][..]);
        assert_eq!(write(r#"{"data":"","type":"stdin"}"#), "");
        assert_eq!(Wish::read(r#"{"type":"stdin_end"}"#), Ok(Wish::End));
        assert_eq!(Wish::read(r#"{"type":"cancel"}"#), Ok(Wish::Cancel));
        let signal = Wish::Gesture(Gesture::Signal(Signal::Int));
        assert_eq!(Wish::read(r#"{"type":"signal","signal":"INT"}"#), Ok(signal));
        let size = Wish::Gesture(Gesture::Resize(TerminalSize { rows: 50, columns: 132 }));
        assert_eq!(Wish::read(r#"{"type":"resize","rows":50,"columns":132}"#), Ok(size));
    }

    #[test]
    fn whatever_else_is_said_is_refused_with_a_reason() {
        for (message, reason) in [
            ("", "EOF"),
            ("[]", "missing field `type`"),
            ("{}", "type"),
            (r#"{"type":"stdout","data":"x"}"#, "unknown variant `stdout`"),
            (r#"{"type":"signal","signal":"KILL"}"#, "unknown variant `KILL`"),
            (r#"{"type":"resize","rows":-1,"columns":2}"#, "invalid value"),
            (r#"{"type":"stdin"}"#, "either"),
            (r#"{"type":"stdin","data":"x","base64":"eA=="}"#, "either"),
            (r#"{"type":"stdin","data":7}"#, "expected a string"),
            (r#"{"type":"stdin","base64":"*"}"#, "base64"),
            (r#"{"type":"stdin","text":"x"}"#, "unknown field `text`"),
            (r#"{"type":"cancel","now":true}"#, "unknown field `now`"),
            (r#"{"type":"cancel"} {}"#, "trailing"),
        ] {
            let refused = Wish::read(message).unwrap_err();
            assert!(refused.contains(reason), "{message}: {refused}");
        }
        let long = format!(r#"{{"type":"{}"}}"#, "x".repeat(MAX_MESSAGE));
        assert!(Wish::read(&long).unwrap_err().len() < 1000);
    }

    #[test]
    fn what_is_taken_is_told_and_its_end_only_where_it_is_one() {
        let told = |bytes, ended| Told::from(Taken { bytes, ended }).text();
        assert_eq!(told(7, false), r#"{"stdin":7}"#);
        assert_eq!(told(7, true), r#"{"stdin":7,"ended":true}"#);
    }

    #[test]
    fn a_client_waits_once_a_window_was_not_told() {
        assert!(may_go_on(0, 0));
        assert!(may_go_on(WINDOW, 1));
        assert!(!may_go_on(WINDOW, 0));
    }
}
