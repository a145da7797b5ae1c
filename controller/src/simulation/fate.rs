//! What goes wrong, and when.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::chance::Chance;
use super::network::Peer;
use super::node;
use super::world::World;

/// What can go wrong at a moment.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Cut,
    Partition,
    Controller,
    Runner,
    Store,
}

/// Lets things go wrong for a while, and mends them.
pub async fn storm(world: &Arc<World>) {
    let mut chance = world.chance("fate");
    let blows = blows(world);
    let end = Instant::now() + Duration::from_secs(world.setup.storm);
    // What is under way is mended by those who did the damage.
    let mut damage = JoinSet::new();
    while Instant::now() < end {
        sleep(chance.millis(100..4000)).await;
        if !blows.is_empty() {
            let blow = blows[chance.index(blows.len())];
            damage.spawn(strike(Arc::clone(world), blow, Chance::of(chance.next(), "blow")));
        }
    }
    while damage.join_next().await.is_some() {}
    world.trace.note(format_args!("the storm is over"));
    world.calm_down();
}

fn blows(world: &World) -> Vec<Blow> {
    let faults = &world.setup.faults;
    let about = [
        (faults.links, Blow::Cut),
        (faults.partitions, Blow::Partition),
        (faults.controllers, Blow::Controller),
        (faults.runners, Blow::Runner),
        (faults.store, Blow::Store),
    ];
    about.into_iter().filter_map(|(is_about, blow)| is_about.then_some(blow)).collect()
}

/// Does one damage, and mends it after a while.
async fn strike(world: Arc<World>, blow: Blow, mut chance: Chance) {
    match blow {
        Blow::Cut => cut(&world, &mut chance).await,
        Blow::Partition => partition(&world, &mut chance).await,
        Blow::Controller => {
            let node = &world.nodes[chance.index(world.nodes.len())];
            if node.life().is_some() {
                node::crash(&world, node);
                sleep(chance.millis(50..20_000)).await;
                node::start(&world, node);
            }
        }
        Blow::Runner => {
            let runner = &world.runners[chance.index(world.runners.len())];
            if runner.lives() {
                runner.crash(&world);
                sleep(chance.millis(50..10_000)).await;
                runner.start(&world);
            }
        }
        Blow::Store => {
            let node = &world.nodes[chance.index(world.nodes.len())];
            let percent = chance.within(5..40);
            world.trace.note(format_args!("the store of controller {} is unwell: {percent} %", node.index));
            node.with(|life| life.store.trouble(percent));
            sleep(chance.millis(200..8000)).await;
            node.with(|life| life.store.trouble(0));
        }
    }
}

async fn cut(world: &World, chance: &mut Chance) {
    let cables = world.network.cables();
    if cables.is_empty() {
        return;
    }
    let cable = &cables[chance.index(cables.len())];
    let how = chance.index(4);
    let ends = (cable.peer, cable.controller);
    match how {
        0 => cable.cut(),
        1 => cable.cut_for_controller(),
        2 => cable.cut_for_peer(),
        _ => cable.hold(),
    }
    let how = ["is cut", "is cut, as the controller knows", "is cut, as the peer knows", "stands still"][how];
    world.trace.note(format_args!("the link between {ends:?} {how}"));
    // Some stand still for ever.
    if chance.percent(70) {
        sleep(chance.millis(100..12_000)).await;
        cable.release();
    }
}

async fn partition(world: &World, chance: &mut Chance) {
    let controller = chance.index(world.nodes.len());
    let mut peers: Vec<Peer> = (0..world.runners.len()).map(Peer::Runner).collect();
    peers.extend((0..world.setup.clients.len()).map(Peer::Client));
    peers.retain(|_| chance.percent(60));
    world.trace.note(format_args!("controller {controller} is not to be reached by {peers:?}"));
    peers.iter().for_each(|peer| world.network.block(*peer, controller));
    sleep(chance.millis(200..25_000)).await;
    peers.iter().for_each(|peer| world.network.unblock(*peer, controller));
    world.trace.note(format_args!("controller {controller} can be reached again"));
}
