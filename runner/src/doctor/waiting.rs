//! A sign that a check is at work, where that takes longer than a moment. On a terminal only.

use std::future::Future;
use std::io::IsTerminal as _;
use std::pin::pin;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Until then nobody wonders.
const PATIENCE: Duration = Duration::from_secs(1);
const REDRAW: Duration = Duration::from_millis(100);

/// Waits for a check; says what it is about should that take a while.
pub async fn watched<T>(what: &'static str, check: impl Future<Output = T>) -> T {
    let mut check = pin!(check);
    tokio::select! {
        found = &mut check => return found,
        () = tokio::time::sleep(PATIENCE), if std::io::stderr().is_terminal() => {}
    }
    let style = ProgressStyle::with_template("{spinner:.cyan} {msg:.dim} {elapsed:.dim}");
    let spinner = ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        .with_message(format!("{what} …"));
    spinner.enable_steady_tick(REDRAW);
    let found = check.await;
    spinner.finish_and_clear();
    found
}
