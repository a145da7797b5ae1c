//! What the terminal can do, and writing to it outside a running job.

use std::io::{self, IsTerminal as _, Write as _};

use owo_colors::OwoColorize as _;
use protocol::Verdict;

use crate::failure::Failure;

/// The width of a table that does not go to a terminal: no limit.
const ENDLESS: usize = usize::MAX;

/// Says a line on standard error. Where nobody listens there is nobody to tell.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes text to standard output as it is.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Failure::Output)
}

/// Writes a value to standard output as one line of JSON.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::Output(error.into()))?;
    print(&format!("{text}\n"))
}

/// Writes lines to standard output.
pub fn print_lines(lines: &[String]) -> Result<(), Failure> {
    print(&lines.iter().map(|line| format!("{line}\n")).collect::<String>())
}

/// Text that takes the place of what was shown before, where standard output is a terminal.
#[derive(Debug, Default)]
pub struct Screen {
    shown: bool,
}

impl Screen {
    /// Shows these lines in place of those before. What was there is overwritten rather than cleared first, so
    /// that nothing flickers.
    pub fn show(&mut self, lines: &[String]) -> Result<(), Failure> {
        if !io::stdout().is_terminal() {
            return print_lines(lines);
        }
        let start = if std::mem::replace(&mut self.shown, true) { "\x1b[H" } else { "\x1b[2J\x1b[H" };
        let height =
            terminal_size::terminal_size_of(io::stdout()).map_or(usize::MAX, |(_, rows)| rows.0.into());
        let lines: Vec<String> =
            lines.iter().take(height.saturating_sub(1)).map(|line| format!("{line}\x1b[K\n")).collect();
        print(&format!("{start}{}\x1b[J", lines.concat()))
    }
}

/// How many characters fit a line of standard output.
pub fn width() -> usize {
    terminal_size::terminal_size_of(io::stdout()).map_or(ENDLESS, |(width, _)| usize::from(width.0))
}

/// The words in the verdict's colour where standard error shows colours (`NO_COLOR` is heeded).
pub fn coloured(words: &str, verdict: Option<Verdict>) -> String {
    if anstream::AutoStream::choice(&io::stderr()) == anstream::ColorChoice::Never {
        return words.to_owned();
    }
    match verdict {
        Some(Verdict::Ok) => words.green().to_string(),
        Some(Verdict::Cancelled) => words.yellow().to_string(),
        _ => words.red().to_string(),
    }
}
