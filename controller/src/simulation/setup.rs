//! What the cluster of a seed looks like, and what goes wrong in it. Not everything everywhere: where only few kinds
//! of fault are about, each is met in states that it would not be met in otherwise.

use super::chance::Chance;

/// The cluster of one seed.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What all follows from.
    pub seed: u64,
    /// How many controllers share the store.
    pub controllers: usize,
    /// How many jobs each runner takes at once.
    pub runners: Vec<u32>,
    /// How many jobs each client has.
    pub clients: Vec<u64>,
    /// How long the storm lasts, in seconds.
    pub storm: u64,
    /// How many jobs may wait.
    pub max_queue: u64,
    /// What goes wrong.
    pub faults: Faults,
}

/// Kinds of faults that are about.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Links break, at both ends or at one, or deliver nothing any more.
    pub links: bool,
    /// Somebody cannot reach a controller for a while.
    pub partitions: bool,
    /// Controllers die and come back.
    pub controllers: bool,
    /// Runners die and come back.
    pub runners: bool,
    /// Runners refuse, fail and report nonsense.
    pub conduct: bool,
    /// The store fails, before or after it did what it was asked, and is slow.
    pub store: bool,
    /// Controllers' clocks and the store's do not agree.
    pub clocks: bool,
}

impl Setup {
    /// What follows from a seed.
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::of(seed, "setup");
        let controllers = chance.within(1..4) as usize;
        let runners = (0..chance.within(1..5)).map(|_| chance.within(1..4) as u32).collect();
        let clients = (0..chance.within(2..6)).map(|_| chance.within(1..6)).collect();
        let storm = chance.within(10..50);
        let max_queue = if chance.percent(20) { 2 } else { 1000 };
        let faults = Faults::of(&mut chance);
        Self { seed, controllers, runners, clients, storm, max_queue, faults }
    }

    /// A cluster in which nothing goes wrong, with more to do than it can.
    pub fn busy(seed: u64, controllers: usize) -> Self {
        let (runners, clients) = (vec![2, 3], vec![6; 30]);
        Self { seed, controllers, runners, clients, storm: 10, max_queue: 1000, faults: Faults::default() }
    }
}

impl Faults {
    fn of(chance: &mut Chance) -> Self {
        Self {
            links: chance.percent(60),
            partitions: chance.percent(40),
            controllers: chance.percent(50),
            runners: chance.percent(50),
            conduct: chance.percent(50),
            store: chance.percent(40),
            clocks: chance.percent(30),
        }
    }
}
