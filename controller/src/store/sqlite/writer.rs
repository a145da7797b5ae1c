//! The one thread that writes. It takes what is queued together and commits it together, so that many callers
//! share the price of one sync; nobody is answered before the commit.
//!
//! SQLite syncs its log before and after it is copied into the database (`synchronous = NORMAL`), and this thread does
//! after each commit that has to outlive a power cut: as SQLite would with FULL, but only where it is needed, and
//! without the file's times.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::ledger::Ledger;
use crate::store::StoreError;

/// Operations that may wait to be written; further callers wait for room.
const QUEUE: usize = 4096;

/// Operations in one transaction.
const BATCH: usize = 512;

/// Gives the result of an operation to whoever asked, once it is committed.
type Answer = Box<dyn FnOnce() + Send>;

/// An operation. It fails only where the database does, and then everything of its transaction is undone.
type Operation = Box<dyn FnOnce(&mut Ledger, &Connection) -> rusqlite::Result<Answer> + Send>;

/// Whether an operation has to outlive a power cut before it is answered. What does not outlives the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durable {
    /// It has to.
    Yes,
    /// If it is lost, it is as if the controller had died a moment earlier.
    No,
}

/// Where operations are queued.
#[derive(Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<(Durable, Operation)>,
    /// Closed when the thread has ended.
    ended: Arc<tokio::sync::Notify>,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn start(db: Connection, log: PathBuf, ledger: Ledger) -> std::io::Result<Self> {
        let (queue, operations) = mpsc::channel(QUEUE);
        let ended = Arc::new(tokio::sync::Notify::new());
        let told = Arc::clone(&ended);
        let work = move || {
            Thread { db, log: Log::Unopened(log), ledger, stale: false }.run(operations);
            told.notify_one();
        };
        std::thread::Builder::new().name("sqlite".to_owned()).spawn(work)?;
        Ok(Self { queue, ended })
    }

    /// Does an operation and returns once it is committed.
    ///
    /// # Errors
    /// Where the database could not do it, or cannot be sure that it is kept.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        durable: Durable,
        operation: impl FnOnce(&mut Ledger, &Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let operation: Operation = Box::new(move |ledger, db| {
            let result = operation(ledger, db)?;
            // Whoever has gone does not need to know.
            Ok(Box::new(move || drop(sender.send(result))))
        });
        let gone = || StoreError::failed("the database could not be written; the log says why");
        self.queue.send((durable, operation)).await.map_err(|_| gone())?;
        receiver.await.map_err(|_| gone())
    }

    /// Waits until all that was queued is written, and the file is closed.
    pub(super) async fn close(self) {
        drop(self.queue);
        self.ended.notified().await;
    }
}

/// SQLite's write-ahead log, which is there once something has been written.
enum Log {
    Unopened(PathBuf),
    Open(File),
}

impl Log {
    fn sync(&mut self) -> std::io::Result<()> {
        if let Self::Unopened(path) = self {
            *self = Self::Open(File::open(path)?);
        }
        match self {
            Self::Open(file) => file.sync_data(),
            Self::Unopened(_) => Ok(()),
        }
    }
}

struct Thread {
    db: Connection,
    log: Log,
    ledger: Ledger,
    /// Whether the ledger could not be read anew after a transaction was undone: it is wrong until it is.
    stale: bool,
}

impl Thread {
    fn run(mut self, mut operations: mpsc::Receiver<(Durable, Operation)>) {
        let mut batch = Vec::with_capacity(BATCH);
        while operations.blocking_recv_many(&mut batch, BATCH) > 0 {
            let durable = match batch.iter().any(|(durable, _)| *durable == Durable::Yes) {
                true => Durable::Yes,
                false => Durable::No,
            };
            match self.commit(batch.drain(..).map(|(_, operation)| operation)) {
                Ok(answers) => {
                    self.ledger.announce();
                    self.answer(durable, answers);
                }
                Err(error) => self.recover(&error),
            }
        }
        if let Err((_, error)) = self.db.close() {
            tracing::warn!(%error, "the database cannot be closed");
        }
    }

    fn commit(&mut self, operations: impl Iterator<Item = Operation>) -> rusqlite::Result<Vec<Answer>> {
        if self.stale {
            self.ledger.reload(&self.db)?;
            self.stale = false;
        }
        self.tell("BEGIN IMMEDIATE")?;
        let done: rusqlite::Result<Vec<Answer>> =
            operations.map(|operation| operation(&mut self.ledger, &self.db)).collect();
        let done = done.and_then(|answers| self.tell("COMMIT").map(|()| answers));
        if done.is_err() && !self.db.is_autocommit() {
            self.tell("ROLLBACK")?;
        }
        done
    }

    fn tell(&self, sql: &str) -> rusqlite::Result<()> {
        self.db.prepare_cached(sql)?.execute([]).map(drop)
    }

    /// Tells those who asked, once it is as durable as they need it. Where that is not certain they hear that it failed:
    /// their answers are dropped.
    fn answer(&mut self, durable: Durable, answers: Vec<Answer>) {
        if durable == Durable::Yes
            && let Err(error) = self.log.sync()
        {
            tracing::error!(%error, "the database's log cannot be synced");
            return;
        }
        answers.into_iter().for_each(|answer| answer());
    }

    /// The transaction is undone, so what is known of it has to be undone as well. Its callers hear that it
    /// failed: their answers are dropped.
    fn recover(&mut self, error: &rusqlite::Error) {
        tracing::error!(%error, "the database cannot be written");
        let reloaded = self.ledger.reload(&self.db);
        self.stale = reloaded.is_err();
        if let Err(error) = reloaded {
            tracing::error!(%error, "the database cannot be read");
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast;

    use super::super::ledger::{Room, Tally};
    use super::super::open;
    use super::*;

    fn nothing() -> Operation {
        Box::new(|_, _| Ok(Box::new(|| {})))
    }

    #[test]
    fn nothing_is_done_with_a_ledger_that_could_not_be_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let db = open::open(folder.path()).unwrap().writer;
        let (room, changes) = (Room { jobs: 1, bytes: 1 }, broadcast::Sender::new(1));
        let ledger = Ledger::load(&db, room, Arc::<Tally>::default(), changes).unwrap();
        let log = Log::Unopened(open::log(&folder.path().join(open::FILE)));
        let mut thread = Thread { db, log, ledger, stale: false };

        thread.db.execute_batch("ALTER TABLE jobs RENAME TO hidden").unwrap();
        thread.recover(&rusqlite::Error::InvalidQuery);
        assert!(thread.commit([nothing()].into_iter()).is_err());
        thread.db.execute_batch("ALTER TABLE hidden RENAME TO jobs").unwrap();
        assert_eq!(thread.commit([nothing()].into_iter()).unwrap().len(), 1);
        assert!(!thread.stale);
    }
}
