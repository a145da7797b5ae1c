//! What a build says while it goes on: a line that moves on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};

/// Something that happened to a task, which is an image or the base.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// Nothing has to be done.
    Current,
    /// The next step of a Dockerfile began.
    Step {
        /// Its number, from 1.
        number: u32,
        /// How many there are.
        of: u32,
        /// What it does.
        instruction: &'a str,
    },
    /// The next stage of something that has no numbered steps began.
    Stage(&'a str),
    /// The step at work printed a line.
    Output(&'a str),
    /// The image is there.
    Done {
        /// Its size in bytes.
        size: u64,
    },
}

/// Whoever wants to know.
pub trait Progress: Send + Sync {
    /// Something happened to a task. One task ends before the next begins.
    fn event(&self, task: &str, event: Event<'_>);
}

/// Tells nobody.
#[derive(Debug)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _task: &str, _event: Event<'_>) {}
}

/// Reports on stderr, as suits what stderr is. NO_COLOR is heeded by the terminal library.
pub fn reporter() -> Box<dyn Progress> {
    match std::io::stderr().is_terminal() {
        true => Box::new(Terminal::new()),
        false => Box::new(Plain::new(std::io::stderr())),
    }
}

/// What is said of an event, in either form. Output is shown only to say that something still moves.
fn describe(task: &str, event: Event<'_>, took: Duration) -> String {
    match event {
        Event::Current => format!("{task}: up to date"),
        Event::Step { number, of, instruction } => format!("{task}: step {number}/{of} {instruction}"),
        Event::Stage(text) => format!("{task}: {text}"),
        Event::Output(line) => format!("{task}: {:.0} s … {line}", took.as_secs_f64()),
        Event::Done { size } => {
            format!("{task}: done in {:.1} s, {}", took.as_secs_f64(), DecimalBytes(size))
        }
    }
}

/// When the task at work began, and when it was last spoken of.
struct Clock {
    task: String,
    began: Instant,
    spoke: Instant,
}

impl Clock {
    fn new() -> Self {
        let now = Instant::now();
        Self { task: String::new(), began: now, spoke: now }
    }

    /// How long the task has been at work.
    fn at(&mut self, task: &str, now: Instant) -> Duration {
        if self.task != task {
            *self = Self { task: task.to_owned(), began: now, spoke: now };
        }
        now.duration_since(self.began)
    }
}

/// One line for each step, and one now and then in a long step.
struct Plain<W> {
    state: Mutex<(Clock, W)>,
}

/// A step that is silent for longer looks stuck.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

impl<W: Write> Plain<W> {
    fn new(out: W) -> Self {
        Self { state: Mutex::new((Clock::new(), out)) }
    }
}

impl<W: Write + Send> Progress for Plain<W> {
    fn event(&self, task: &str, event: Event<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (clock, out) = &mut *state;
        let now = Instant::now();
        let took = clock.at(task, now);
        if matches!(event, Event::Output(_)) && now.duration_since(clock.spoke) < SIGN_OF_LIFE {
            return;
        }
        clock.spoke = now;
        // Whoever closed stderr does not want to know.
        let _ = writeln!(out, "{}", describe(task, event, took));
    }
}

/// One line that shows the step at work, its time and its latest output; what is done stays above it.
struct Terminal {
    clock: Mutex<Clock>,
    bar: ProgressBar,
}

const REDRAW: Duration = Duration::from_millis(100);

impl Terminal {
    fn new() -> Self {
        let style = ProgressStyle::with_template("{spinner:.cyan} {prefix} {elapsed:.dim} {wide_msg:.dim}");
        let bar = ProgressBar::new_spinner();
        Self {
            clock: Mutex::new(Clock::new()),
            bar: bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner())),
        }
    }

    fn begin(&self, text: String) {
        self.bar.set_prefix(text);
        self.bar.set_message("");
        self.bar.reset();
        self.bar.enable_steady_tick(REDRAW);
    }
}

impl Progress for Terminal {
    fn event(&self, task: &str, event: Event<'_>) {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let text = describe(task, event, clock.at(task, Instant::now()));
        match event {
            Event::Step { .. } | Event::Stage(_) => self.begin(text),
            Event::Output(line) => self.bar.set_message(line.to_owned()),
            Event::Current | Event::Done { .. } => {
                self.bar.finish_and_clear();
                let _ = writeln!(std::io::stderr(), "✓ {text}");
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_lines_say_each_step_once() {
        let plain = Plain::new(Vec::new());
        plain.event("jdk", Event::Current);
        plain.event("gcc", Event::Step { number: 3, of: 6, instruction: "RUN prepare gcc" });
        plain.event("gcc", Event::Output("Reading package lists"));
        plain.event("gcc", Event::Done { size: 401_000_000 });
        let (_, out) = plain.state.into_inner().unwrap();
        let expected = "jdk: up to date\ngcc: step 3/6 RUN prepare gcc\ngcc: done in 0.0 s, 401.00 MB\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_task_is_timed_from_its_first_event() {
        let mut clock = Clock::new();
        let start = Instant::now();
        let later = start + Duration::from_secs(5);
        assert_eq!(clock.at("gcc", start), Duration::ZERO);
        assert_eq!(clock.at("gcc", later), Duration::from_secs(5));
        assert_eq!(clock.at("jdk", later), Duration::ZERO);
    }
}
