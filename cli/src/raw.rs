//! The user's own terminal, handed over to a program and taken back.

use std::io;
use std::sync::Mutex;
use std::sync::PoisonError;

use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use protocol::TerminalSize;

/// How the terminal was before it was handed over. In one place for the process, as the terminal is: a panic puts it
/// back, too.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// A terminal that passes every key on as it is. Dropped, it is as it was before.
#[derive(Debug)]
pub struct Raw;

impl Raw {
    /// Hands the terminal over.
    ///
    /// # Errors
    /// Where standard input is none.
    pub fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        tcsetattr(io::stdin(), SetArg::TCSADRAIN, &raw)?;
        BEFORE.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(before);
        Ok(Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(before) = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A terminal that is gone needs nothing.
            let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &before);
        }
    }
}

/// What ends a line of talk: a terminal that was handed over does not go back to the first column by itself.
pub fn line_end() -> &'static str {
    match *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(_) => "\r\n",
        None => "\n",
    }
}

/// Whether standard input, which was a terminal, is one no more: then its end is nobody's wish.
pub fn has_hung_up() -> bool {
    tcgetattr(io::stdin()).is_err()
}

/// The size of the terminal that standard input is, where it is one.
pub fn size() -> Option<TerminalSize> {
    let (columns, rows) = terminal_size::terminal_size_of(io::stdin())?;
    Some(TerminalSize { rows: rows.0, columns: columns.0 }).filter(|size| size.is_possible())
}
