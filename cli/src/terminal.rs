//! What the terminal can do, and writing to it outside a running job.

use std::io::{self, IsTerminal as _, Write as _};

use owo_colors::OwoColorize as _;
use protocol::{Secret, Verdict};

use crate::failure::Failure;
use crate::messages::accounts::NO_ANSWER;

/// The width of a table that does not go to a terminal: no limit.
const ENDLESS: usize = usize::MAX;

/// Says a line on standard error. Where nobody listens there is nobody to tell.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether somebody types what is asked for.
pub fn somebody_types() -> bool {
    io::stdin().is_terminal()
}

/// Asks for a line, which is shown.
pub fn ask(question: &str) -> Result<String, Failure> {
    if somebody_types() {
        let _ = write!(io::stderr(), "{question} ");
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line).map_err(|_| Failure::Input(NO_ANSWER))?;
    match line.trim() {
        "" => Err(Failure::Input(NO_ANSWER)),
        line => Ok(line.to_owned()),
    }
}

/// Asks for a line that is not shown. Where nobody types it is the next line of standard input.
pub fn ask_secret(question: &str) -> Result<Secret, Failure> {
    let line = match somebody_types() {
        true => rpassword::prompt_password(format!("{question} ")),
        false => {
            let mut line = String::new();
            io::stdin().read_line(&mut line).map(|_| line)
        }
    };
    let line = line.map_err(|_| Failure::Input(NO_ANSWER))?;
    match line.trim_end_matches(['\n', '\r']) {
        "" => Err(Failure::Input(NO_ANSWER)),
        line => Ok(Secret::from(line.to_owned())),
    }
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
