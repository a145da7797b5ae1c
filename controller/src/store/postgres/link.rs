//! Connections to the database, and patience with it: what is hit by a failover is tried again, for a while. So
//! every operation has to be safe to do twice.

use std::future::Future;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::error::SqlState;

use super::address::Address;
use super::tls::Tls;
use crate::store::StoreError;

/// Connections, beside the one that listens.
const CONNECTIONS: usize = 12;

/// How long an operation is tried, in all.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it may take once. Longer, and the connection is taken for dead.
const ONCE: Duration = Duration::from_secs(10);

/// The first pause before trying again; it doubles.
const PAUSE: Duration = Duration::from_millis(25);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The database could not do something.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// It said so, or the connection ended.
    #[error("{}", told(.0))]
    Database(#[from] tokio_postgres::Error),
    /// There is no connection.
    #[error("no connection to the database: {}", refused(.0))]
    Pool(#[from] PoolError),
    /// What it gave is not readable.
    #[error(transparent)]
    Stored(#[from] StoreError),
    /// It takes too long.
    #[error("the database does not answer")]
    Silent,
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Stored(error) => error,
            fault => Self::failed(fault),
        }
    }
}

impl Fault {
    /// Whether it may be over in a moment.
    fn passes(&self) -> bool {
        match self {
            Self::Database(error) => error.code().is_none_or(code_passes),
            Self::Pool(PoolError::Backend(error)) => error.code().is_none_or(code_passes),
            Self::Pool(_) | Self::Silent => true,
            Self::Stored(_) => false,
        }
    }

    /// Whether the server said that it has undone everything and is well: it chose this one to make way for another.
    fn is_undone(&self) -> bool {
        let Self::Database(error) = self else { return false };
        let chosen = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
        error.code().is_some_and(|code| chosen.contains(code))
    }
}

fn code_passes(code: &SqlState) -> bool {
    let known = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        // A primary that has become a standby.
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::TOO_MANY_CONNECTIONS,
    ];
    // Class 08 is about connections.
    known.contains(code) || code.code().starts_with("08")
}

/// The server's own words where it said something.
pub(super) fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("the database says: {}", said.message()),
        None => {
            let source = std::error::Error::source(error).map(|source| format!(": {source}"));
            format!("{error}{}", source.unwrap_or_default())
        }
    }
}

fn refused(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => told(error),
        other => other.to_string(),
    }
}

/// Connections to a database.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pool: Pool,
}

impl Link {
    /// Connections as they are needed.
    ///
    /// # Errors
    /// Where there can be none.
    pub(super) fn new(address: &Address, tls: Tls) -> Result<Self, String> {
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(address.config.clone(), tls, config);
        let pool = Pool::builder(manager).max_size(CONNECTIONS).build().map_err(|error| error.to_string())?;
        Ok(Self { pool })
    }

    /// Does something as soon as the database can. The operation hears whether it may have been done before.
    ///
    /// # Errors
    /// What the database said, or what the last attempt failed with when patience was over.
    pub(super) async fn run<T, F>(&self, operation: impl Fn(Object, bool) -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let (until, mut pause, mut again) = (Instant::now() + PATIENCE, PAUSE, false);
        loop {
            let attempt = async {
                let client = self.pool.get().await?;
                operation(client, again).await
            };
            let fault = match timeout(ONCE, attempt).await {
                Ok(Ok(result)) => return Ok(result),
                Ok(Err(fault)) => fault,
                Err(_) => Fault::Silent,
            };
            if !fault.passes() || Instant::now() + pause >= until {
                return Err(fault);
            }
            tracing::warn!(error = %fault, "the database failed: trying again");
            if !fault.is_undone() {
                // Those that are idle go to the same server.
                self.pool.retain(|_, _| false);
                again = true;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// A connection, without patience.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn once(&self) -> Result<Object, Fault> {
        match timeout(ONCE, self.pool.get()).await {
            Ok(client) => Ok(client?),
            Err(_) => Err(Fault::Silent),
        }
    }

    /// Closes all connections.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}
