//! Testing a program on many inputs: which tests there are, the jobs they become, and what came of them.

mod cases;
mod diff;
mod junit;
mod report;
mod runs;

pub use cases::{Case, find};
pub use junit::junit;
pub use report::{Outcome, details, summary, table};
pub use runs::{jobs, runs};
