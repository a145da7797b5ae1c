//! After the storm: everything that was taken in ends, and nothing is left behind.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use super::node::{Life, Node};
use super::world::World;
use crate::store::{Counts, Store};

/// How long what is left may take once nothing goes wrong any more. Longer than anything that has to run out first.
const PATIENCE: Duration = Duration::from_secs(240);

/// How long after the last job everything has to be forgotten that is about jobs in flight.
const FORGOTTEN: Duration = Duration::from_secs(90);

/// Waits for the end, and looks at what is there then.
pub async fn everything_ends(world: &Arc<World>, clients: Vec<JoinHandle<()>>) {
    let end = Instant::now() + PATIENCE;
    for (index, mut client) in clients.into_iter().enumerate() {
        match timeout_at(end, &mut client).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => world.oracle.violation(world, format!("client {index}: {error}")),
            Err(_) => {
                client.abort();
                world.oracle.violation(world, format!("client {index} waits still"));
            }
        }
    }
    if !is_idle(&world.nodes[0], end).await {
        let left = counts(&world.nodes[0]).await;
        world.oracle.violation(world, format!("jobs are left: {left:?}"));
    }
    sleep(FORGOTTEN).await;
    every_job_has_its_verdict(world);
    for node in &world.nodes {
        node.with(|life| nothing_is_left(world, node.index, life));
    }
}

async fn is_idle(node: &Node, end: Instant) -> bool {
    while counts(node).await != Counts::default() {
        if Instant::now() > end {
            return false;
        }
        sleep(Duration::from_millis(100)).await;
    }
    true
}

async fn counts(node: &Node) -> Counts {
    node.truth().counts().await.unwrap_or_default()
}

fn every_job_has_its_verdict(world: &World) {
    let mut wrong = Vec::new();
    world.oracle.each(|nonce, known| match (known.verdicts, known.withdrawn) {
        (1, false) | (0, true) => {}
        (verdicts, _) => wrong.push(format!("job {nonce} has {verdicts} verdicts")),
    });
    wrong.into_iter().for_each(|wrong| world.oracle.violation(world, wrong));
}

fn nothing_is_left(world: &World, index: usize, life: &Life) {
    let runners = life.roster.runners();
    let assigned: u32 = runners.iter().map(|runner| runner.assigned_jobs).sum();
    let left = [
        ("jobs that wait", life.backlog.len()),
        ("jobs in flight", life.live.len()),
        ("slots in use", assigned as usize),
    ];
    for (what, count) in left.into_iter().filter(|(_, count)| *count > 0) {
        world.oracle.violation(world, format!("controller {index} is left with {count} {what}"));
    }
    if runners.len() != world.runners.len() {
        let connected = runners.len();
        world.oracle.violation(world, format!("controller {index} is left with {connected} runners"));
    }
}
