//! What is to be measured: words of the form `name=value` on the command line.

use std::time::Duration;

/// Where a controller keeps its jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// In memory.
    Memory,
    /// In a SQLite file.
    Sqlite,
    /// In a PostgreSQL database.
    Postgres,
}

impl Store {
    const ALL: [Self; 3] = [Self::Memory, Self::Sqlite, Self::Postgres];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|store| store.name() == name)
    }
}

/// The defaults are all that docs/scale.md has.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which stores.
    pub stores: Vec<Store>,
    /// How many simulated runners.
    pub runners: Vec<usize>,
    /// How many jobs wait meanwhile, rising.
    pub queued: Vec<usize>,
    /// How many jobs a queue has that is emptied; none for none.
    pub drain: Option<usize>,
    /// How long each figure is measured.
    pub time: Duration,
    /// Where a PostgreSQL is, if not one of the bench's own.
    pub postgres: Option<String>,
}

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    /// The word that cannot be understood.
    pub fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            stores: Store::ALL.into(),
            runners: vec![1000, 10_000],
            queued: vec![1, 100, 10_000, 100_000],
            drain: Some(20_000),
            time: Duration::from_secs(5),
            postgres: None,
        };
        // Cargo adds words of its own, with dashes.
        for word in words.filter(|word| !word.starts_with('-')) {
            options.set(&word).ok_or_else(|| {
                format!("{word:?} is none of stores= runners= queued= drain= seconds= postgres=")
            })?;
        }
        options.queued.sort_unstable();
        Ok(options)
    }

    fn set(&mut self, word: &str) -> Option<()> {
        let (name, value) = word.split_once('=')?;
        let numbers = || value.split(',').map(|number| number.parse().ok()).collect::<Option<Vec<usize>>>();
        match name {
            "stores" => self.stores = value.split(',').map(Store::named).collect::<Option<_>>()?,
            "runners" => self.runners = numbers()?,
            "queued" => self.queued = numbers()?,
            "drain" => self.drain = Some(value.parse().ok()?).filter(|jobs| *jobs > 0),
            "seconds" => self.time = Duration::from_secs_f64(value.parse().ok()?),
            "postgres" => self.postgres = Some(value.to_owned()),
            _ => return None,
        }
        Some(())
    }
}
