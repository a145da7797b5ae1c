//! What a person at a terminal does to a program beside typing.

use serde::{Deserialize, Serialize};

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TerminalSize {
    /// From top to bottom.
    pub rows: u16,
    /// From left to right.
    pub columns: u16,
}

impl TerminalSize {
    /// The most rows and columns.
    pub const MAX: u16 = 1000;

    /// Whether a terminal can have it.
    pub fn is_possible(self) -> bool {
        [self.rows, self.columns].iter().all(|length| (1..=Self::MAX).contains(length))
    }

    /// What is said of one that a terminal cannot have.
    pub fn impossible() -> String {
        format!("rows and columns are from 1 to {}", Self::MAX)
    }
}

/// What is done to a running program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gesture {
    /// It is sent a signal.
    Signal(Signal),
    /// Its terminal is given this size.
    Resize(TerminalSize),
}

/// A signal that may be sent to a running program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Signal {
    /// Ctrl-C.
    Int,
    /// Please end.
    Term,
    /// Ctrl-\\.
    Quit,
    /// The terminal is gone.
    Hup,
    /// The program's own business.
    Usr1,
    /// The program's own business.
    Usr2,
}

impl Signal {
    /// Its number on Linux, as `signal(7)` has it.
    pub fn number(self) -> i32 {
        match self {
            Self::Hup => 1,
            Self::Int => 2,
            Self::Quit => 3,
            Self::Usr1 => 10,
            Self::Usr2 => 12,
            Self::Term => 15,
        }
    }
}
