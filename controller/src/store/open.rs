//! Opening the store that the configuration names.

use std::sync::Arc;

use super::{Memory, MemoryLimits, Postgres, Sqlite, Store};
use crate::config::{Config, StoreKind};

/// Why the store cannot be used: one line that names it and says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct OpenError(pub(super) String);

/// Opens the store.
///
/// # Errors
/// One line that names it and says what to do.
pub async fn open(config: &Config) -> Result<Arc<dyn Store>, OpenError> {
    match &config.store {
        StoreKind::Memory => Ok(Arc::new(Memory::new(MemoryLimits {
            max_queue: config.max_queue,
            max_queue_bytes: config.max_memory,
            keep_finished: config.keep_finished,
            keep_bytes: config.max_memory,
        }))),
        StoreKind::Sqlite(folder) => {
            let (folder, jobs, bytes) = (folder.clone(), config.max_queue, config.max_memory);
            let open = tokio::task::spawn_blocking(move || Sqlite::open(&folder, jobs, bytes));
            let opened = open.await.map_err(|error| OpenError(error.to_string()))?;
            Ok(Arc::new(opened?))
        }
        StoreKind::Postgres(url) => {
            Ok(Arc::new(Postgres::open(url, config.max_queue, config.max_memory).await?))
        }
    }
}
