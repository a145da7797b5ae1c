//! The one thread that writes. It takes what is queued together and commits it together, so that many callers
//! share the price of one sync; nobody is answered before the commit.

use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};
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
    pub(super) fn start(db: Connection, ledger: Ledger) -> std::io::Result<Self> {
        let (queue, operations) = mpsc::channel(QUEUE);
        let ended = Arc::new(tokio::sync::Notify::new());
        let told = Arc::clone(&ended);
        let work = move || {
            Thread { db, ledger, synced: None, stale: false }.run(operations);
            told.notify_one();
        };
        std::thread::Builder::new().name("sqlite".to_owned()).spawn(work)?;
        Ok(Self { queue, ended })
    }

    /// Does an operation and returns once it is committed.
    ///
    /// # Errors
    /// Where the database could not do it; nothing of it is done then.
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

struct Thread {
    db: Connection,
    ledger: Ledger,
    /// Whether the next commit is synced, as the database was last told.
    synced: Option<Durable>,
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
            match self.commit(durable, batch.drain(..).map(|(_, operation)| operation)) {
                Ok(answers) => {
                    self.ledger.announce();
                    answers.into_iter().for_each(|answer| answer());
                }
                Err(error) => self.recover(&error),
            }
        }
        if let Err((_, error)) = self.db.close() {
            tracing::warn!(%error, "the database cannot be closed");
        }
    }

    fn commit(
        &mut self,
        durable: Durable,
        operations: impl Iterator<Item = Operation>,
    ) -> rusqlite::Result<Vec<Answer>> {
        if self.stale {
            self.ledger.reload(&self.db)?;
            self.stale = false;
        }
        if self.synced != Some(durable) {
            let level = if durable == Durable::Yes { "FULL" } else { "NORMAL" };
            self.db.pragma_update(None, "synchronous", level)?;
            self.synced = Some(durable);
        }
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answers: rusqlite::Result<Vec<Answer>> =
            operations.map(|operation| operation(&mut self.ledger, &transaction)).collect();
        let answers = answers?;
        transaction.commit()?;
        Ok(answers)
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
        let mut thread = Thread { db, ledger, synced: None, stale: false };

        thread.db.execute_batch("ALTER TABLE jobs RENAME TO hidden").unwrap();
        thread.recover(&rusqlite::Error::InvalidQuery);
        assert!(thread.commit(Durable::No, [nothing()].into_iter()).is_err());
        thread.db.execute_batch("ALTER TABLE hidden RENAME TO jobs").unwrap();
        assert_eq!(thread.commit(Durable::No, [nothing()].into_iter()).unwrap().len(), 1);
        assert!(!thread.stale);
    }
}
