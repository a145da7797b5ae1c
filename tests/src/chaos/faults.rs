//! What happens to a cluster, and when it is over: decided by dice, so that a seed repeats it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use super::arena::Arena;
use super::dice::Dice;
use crate::proxy::{Cut, Fault, Way, Whom};
use crate::wait::pause;

/// How long nothing new happens, in milliseconds.
const BETWEEN: (u64, u64) = (400, 2000);

/// How long something stays broken, in milliseconds: below and above what makes a silent peer count as dead.
const BROKEN: (u64, u64) = (300, 12_000);

/// How long a process is gone, in milliseconds.
const GONE: (u64, u64) = (200, 4000);

/// How long the database is broken at most, in the middle: nothing else begins in this time.
const CALM: Duration = Duration::from_secs(2);

/// How many ways may be broken at once: with more there is no cluster, only pieces.
const MOST_WAYS: usize = 5;

/// A kind of thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A controller is killed, and comes back.
    Controller,
    /// A runner is killed, and comes back.
    Runner,
    /// Connections are ended.
    Cut,
    /// Nothing passes, either way.
    Stall,
    /// Nothing passes one way.
    HalfOpen,
    /// Little passes.
    Drip,
    /// All passes late.
    Delay,
    /// The database fails over to its standby.
    FailOver,
}

/// Something that is broken, until it is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    Controller(usize),
    Runner(usize),
    Way(usize),
}

/// Makes things happen.
#[derive(Debug)]
pub struct Faults {
    dice: Dice,
    begin: Instant,
    broken: Vec<(Instant, Broken)>,
    counts: BTreeMap<Kind, u32>,
    log: Vec<String>,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Controller => "controller killed",
            Self::Runner => "runner killed",
            Self::Cut => "links cut",
            Self::Stall => "links stalled",
            Self::HalfOpen => "links half open",
            Self::Drip => "links that drip",
            Self::Delay => "links that delay",
            Self::FailOver => "database failed over",
        })
    }
}

impl Faults {
    /// Nothing has happened yet.
    pub fn new(dice: Dice, begin: Instant) -> Self {
        Self { dice, begin, broken: Vec::new(), counts: BTreeMap::new(), log: Vec::new() }
    }

    /// Lets things happen for so long, and mends what is broken then.
    pub fn rage(&mut self, arena: &mut Arena, time: Duration) {
        let end = Instant::now() + time;
        let mut next = Instant::now();
        let mut fail_over = (arena.databases.len() > 1).then(|| Instant::now() + time / 2);
        while Instant::now() < end {
            let now = Instant::now();
            self.mend(arena, now);
            if fail_over.is_some_and(|at| at <= now) {
                fail_over = None;
                arena.fail_over();
                self.happened(Kind::FailOver, "the database fails over to its standby");
                next = Instant::now() + CALM;
            } else if next <= now {
                self.strike(arena);
                next = Instant::now() + self.dice.time(BETWEEN.0, BETWEEN.1);
            }
            pause(Duration::from_millis(20));
        }
        self.mend(arena, end + Duration::from_secs(3600));
        arena.ways().iter().for_each(|(_, proxy)| proxy.heal(Whom::All));
        self.say("everything is mended");
    }

    /// How often what happened.
    pub fn counts(&self) -> &BTreeMap<Kind, u32> {
        &self.counts
    }

    /// What happened, in order.
    pub fn log(&self) -> &[String] {
        &self.log
    }

    fn strike(&mut self, arena: &mut Arena) {
        let mut kinds = vec![Kind::Cut, Kind::Stall, Kind::HalfOpen, Kind::Drip, Kind::Delay];
        // One that is gone at a time, so that somebody is there; and none where nothing outlives it.
        if !arena.databases.is_empty() && arena.controllers_up().len() == arena.controllers.len() {
            kinds.extend([Kind::Controller; 2]);
        }
        if arena.runners_up().len() > 2 {
            kinds.extend([Kind::Runner; 2]);
        }
        match *self.dice.one(&kinds) {
            Kind::Controller => {
                let index = self.dice.below(arena.controllers.len());
                arena.kill_controller(index);
                self.breaks(Broken::Controller(index), GONE);
                self.happened(Kind::Controller, &format!("controller {index} is killed"));
            }
            Kind::Runner => {
                let index = *self.dice.one(&arena.runners_up());
                arena.kill_runner(index);
                self.breaks(Broken::Runner(index), GONE);
                self.happened(
                    Kind::Runner,
                    &format!("runner {index} ({}) is killed", arena.runners[index].name),
                );
            }
            kind => self.break_way(arena, kind),
        }
    }

    fn break_way(&mut self, arena: &Arena, kind: Kind) {
        let ways = arena.ways();
        let index = self.dice.below(ways.len());
        let (name, proxy) = &ways[index];
        let taken = self.broken.iter().any(|(_, broken)| *broken == Broken::Way(index));
        let many =
            self.broken.iter().filter(|(_, broken)| matches!(broken, Broken::Way(_))).count() >= MOST_WAYS;
        let fault = match kind {
            Kind::Stall => Fault::Stall(None),
            Kind::HalfOpen => Fault::Stall(Some(*self.dice.one(&[Way::ToServer, Way::ToClient]))),
            Kind::Drip => Fault::Drip(*self.dice.one(&[200, 2000, 20_000])),
            Kind::Delay => Fault::Delay(self.dice.time(20, 1000)),
            _ => {
                let cut = *self.dice.one(&[Cut::Finish, Cut::Reset]);
                proxy.cut(Whom::All, cut);
                return self.happened(Kind::Cut, &format!("{name}: {cut:?}"));
            }
        };
        if !taken && !many {
            proxy.fail(Whom::All, fault);
            self.breaks(Broken::Way(index), BROKEN);
            self.happened(kind, &format!("{name}: {fault:?}"));
        }
    }

    fn breaks(&mut self, what: Broken, (from, to): (u64, u64)) {
        let until = Instant::now() + self.dice.time(from, to);
        self.broken.push((until, what));
    }

    /// Mends what was to be broken until now.
    fn mend(&mut self, arena: &mut Arena, now: Instant) {
        let (due, rest) = self.broken.drain(..).partition(|(until, _)| *until <= now);
        self.broken = rest;
        let due: Vec<(Instant, Broken)> = due;
        for (_, broken) in due {
            match broken {
                Broken::Controller(index) => {
                    arena.revive_controller(index);
                    self.say(&format!("controller {index} is back"));
                }
                Broken::Runner(index) => {
                    arena.revive_runner(index);
                    self.say(&format!("runner {index} is back"));
                }
                Broken::Way(index) => {
                    let ways = arena.ways();
                    let (name, proxy) = &ways[index];
                    proxy.heal(Whom::All);
                    self.say(&format!("{name}: mended"));
                }
            }
        }
    }

    fn happened(&mut self, kind: Kind, what: &str) {
        *self.counts.entry(kind).or_default() += 1;
        self.say(what);
    }

    fn say(&mut self, what: &str) {
        self.log.push(format!("{:7.2} s  {what}", self.begin.elapsed().as_secs_f64()));
    }
}
