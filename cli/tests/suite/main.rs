//! The real binary (and `examples/client.py`) against a controller that is played by the tests.

mod client_py;
mod commands;
mod document;
mod limits;
mod lost;
mod run;
mod stdin;
mod stop;
mod strangers;
mod support;
