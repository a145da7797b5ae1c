//! What is said, and how the output comes to its end.

use std::io;
use std::time::Duration;

use tokio::time::Instant;

use super::{Session, at};
use crate::bar::TestBar;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Transcript;
use crate::printer::Report;
use crate::{messages, terminal};

/// How long the last words may take where nobody wants to wait any more.
const LAST_WORDS: Duration = Duration::from_millis(300);

impl Session {
    /// Says something beside the output, unless it is unwanted.
    pub fn say(&self, line: String) {
        if !self.view.quiet && !self.view.json {
            self.printer.say(line);
        }
    }

    /// Says why the command failed.
    pub fn fail(&self, failure: &Failure) {
        if let Some(text) = messages::failure(failure) {
            self.printer.say(messages::error(&text));
        }
    }

    /// What the job wrote.
    pub fn transcript(&mut self) -> &mut Transcript {
        &mut self.progress.transcript
    }

    /// Shows no more how far the job is.
    pub fn take_bar(&mut self) -> Option<TestBar> {
        self.bar.take()
    }

    /// Whether the user has stopped the job.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_some()
    }

    /// Waits until everything is written; Ctrl-C ends that too. Returns what the command ends with where that
    /// is decided by the output.
    pub async fn drain(mut self) -> Option<Exit> {
        self.printer.close();
        let patience = self.stop.as_ref().map(|stop| stop.until.max(Instant::now() + LAST_WORDS));
        if self.stop.as_ref().is_some_and(|stop| stop.at_once) {
            return None;
        }
        loop {
            tokio::select! {
                report = self.printer.report() => match report {
                    Some(Report::Done(_)) => {}
                    Some(Report::Failed(error)) => return Some(unwritten(error)),
                    None => return None,
                },
                _ = self.interrupts.recv() => return Some(Exit::CANCELLED),
                () = at(patience) => return None,
            }
        }
    }
}

fn unwritten(error: io::Error) -> Exit {
    let failure = Failure::Output(error);
    if let Some(text) = messages::failure(&failure) {
        terminal::say(&messages::error(&text));
    }
    failure.exit()
}
