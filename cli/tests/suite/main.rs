//! The real binary (and `examples/client.py`) against a controller that is played by the tests.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that meets the unexpected has failed")]

mod client_py;
mod commands;
mod document;
mod folders;
mod limits;
mod lost;
mod run;
mod stdin;
mod stop;
mod strangers;
mod support;
mod testing;
