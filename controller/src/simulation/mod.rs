//! A whole cluster in one thread, on a clock that jumps from one event to the next, with everything going wrong that
//! can go wrong: and the same again from the same seed.
//!
//! What is simulated is what lies outside the controller: the network ([`network`]), the store's failures
//! ([`store`]), runners ([`runner`]), clients ([`client`]) and fate ([`fate`]), each of which takes its decisions from
//! numbers that follow from the seed ([`chance`]). What is tested is the controller's own code, as it is:
//! dispatch, scheduler, fleet, live, jobs, the door for clients, and the memory store, which several controllers
//! share. It is inside the crate because it is about what the crate does not show.
//!
//! For a while there is a storm; then all is mended, and everything that was taken in has to come to its end. Two
//! watch whether that is so: the [`oracle`] sees what the store does, and the clients what they are told.

mod chance;
mod check;
mod client;
mod fate;
mod network;
mod node;
mod options;
mod oracle;
mod program;
mod reader;
mod runner;
mod session;
mod setup;
mod socket;
mod store;
mod tests;
mod trace;
mod work;
mod world;

use oracle::Totals;
use setup::Setup;
use world::World;

use crate::{clock, dice};

/// What came of one seed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    seed: u64,
    /// A digest of everything that happened, in its order.
    digest: u64,
    /// How much happened.
    totals: Totals,
    /// What should not be, the first thing first.
    violations: Vec<String>,
    /// Everything that happened, one line each.
    trace: Vec<String>,
}

/// Runs one seed to its end.
fn run(seed: u64) -> Run {
    run_in(Setup::of(seed))
}

/// Runs a cluster to its end.
fn run_in(setup: Setup) -> Run {
    let seed = setup.seed;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        clock::simulate();
        dice::simulate(seed);
        let world = World::new(setup);
        let clients = world.begin();
        fate::storm(&world).await;
        check::everything_ends(&world, clients).await;
        let (totals, violations) = (world.oracle.totals(), world.oracle.violations());
        Run { seed, digest: world.trace.digest(), totals, violations, trace: world.trace.lines() }
    })
}
