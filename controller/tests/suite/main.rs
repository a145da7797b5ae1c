//! The controller from outside: real doors on free ports, with runners and clients that speak frames and do only
//! what they are told. Tests wait on conditions; what takes too long fails.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that meets the unexpected has failed")]

mod accounts;
mod again;
mod archives;
mod artifacts;
mod bad_input;
mod browsers;
mod callbacks;
mod clients;
mod drain;
mod http;
mod jobs;
mod judging;
mod limits;
mod overview;
mod page;
mod permissions;
mod quotas;
mod runners;
mod scheduling;
mod sharing;
mod steering;
mod strangers;
mod stream;
mod support;
mod take_over;
mod talking;
