//! The real binary (and `examples/client.py`) against a controller that is played by the tests.

mod commands;
mod limits;
mod lost;
mod run;
mod stdin;
mod stop;
mod strangers;
mod support;
