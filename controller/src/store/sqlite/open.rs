//! Opening the database file: one process at a time, of a version that this one knows, and sound.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::store::OpenError;

/// The file in the data directory.
pub const FILE: &str = "ruche.db";

/// Marks a database as one of Ruche's: "Ruch".
const APPLICATION: i32 = 0x5275_6368;

/// The steps from an empty database to this version's.
const SCHEMA: [&str; 3] =
    [include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

/// How long a reader waits for the file, at most; the writer holds it for moments.
const BUSY: Duration = Duration::from_secs(10);

/// An open database, kept from others as long as the lock is.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) path: PathBuf,
    pub(super) writer: Connection,
    pub(super) lock: File,
}

/// Opens the database in this folder, and makes both where there are none.
///
/// # Errors
/// One line that names the file and says what to do.
pub(super) fn open(folder: &Path) -> Result<Opened, OpenError> {
    let path = folder.join(FILE);
    std::fs::create_dir_all(folder).map_err(|error| not_writable(folder, &error))?;
    let lock = take_lock(folder)?;
    let mut writer = Connection::open(&path).map_err(|error| cannot_open(&path, &error))?;
    prepare(&mut writer, &path)?;
    Ok(Opened { path, writer, lock })
}

/// Opens it once more, to read beside the writer.
///
/// # Errors
/// SQLite's.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(path, flags)?;
    reader.busy_timeout(BUSY)?;
    Ok(reader)
}

/// Where SQLite keeps the log of a database.
pub(super) fn log(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push("-wal");
    path.into()
}

fn take_lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join(format!("{FILE}.lock"));
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let lock = lock.map_err(|error| not_writable(&path, &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError(format!(
            "{}: another controller has it open: stop that one, or give this one another --data-dir; several \
             controllers share a PostgreSQL database instead (--store postgres://...)",
            folder.join(FILE).display()
        ))),
        Err(TryLockError::Error(error)) => Err(not_writable(&path, &error)),
    }
}

fn prepare(db: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let cannot = |error: rusqlite::Error| cannot_open(path, &error);
    db.busy_timeout(BUSY).map_err(cannot)?;
    let version = check_version(db, path)?;
    if version == 0 {
        // Has to be said before there is anything in it.
        db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL").map_err(cannot)?;
    }
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 67108864; \
         PRAGMA temp_store = MEMORY",
    )
    .map_err(cannot)?;
    migrate(db, version).map_err(cannot)?;
    check_soundness(db, path)
}

/// The version that the database has; 0 where it is empty.
fn check_version(db: &Connection, path: &Path) -> Result<usize, OpenError> {
    let cannot = |error: rusqlite::Error| cannot_open(path, &error);
    let pragma = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(cannot);
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    let tables: i64 =
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(cannot)?;
    if tables == 0 {
        return Ok(0);
    }
    let path = path.display();
    match usize::try_from(version) {
        _ if application != APPLICATION => Err(OpenError(format!(
            "{path}: this is the database of another program: move it away, or give the controller another \
             --data-dir"
        ))),
        Ok(version) if (1..=SCHEMA.len()).contains(&version) => Ok(version),
        _ => Err(OpenError(format!(
            "{path}: it was written by a newer controller (schema {version}, this one knows up to {}): start that \
             version, or restore a backup from before the upgrade",
            SCHEMA.len()
        ))),
    }
}

fn migrate(db: &mut Connection, version: usize) -> rusqlite::Result<()> {
    for (step, sql) in SCHEMA.iter().enumerate().skip(version) {
        let transaction = db.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", i64::try_from(step + 1).unwrap_or(i64::MAX))?;
        transaction.commit()?;
    }
    Ok(())
}

/// Looks for damage before it spreads. Indexes are left out: that would take long, and they can be made anew.
fn check_soundness(db: &Connection, path: &Path) -> Result<(), OpenError> {
    let cannot = |error: rusqlite::Error| cannot_open(path, &error);
    let found: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(cannot)?;
    if found == "ok" {
        return Ok(());
    }
    Err(damaged(path, &found))
}

fn cannot_open(path: &Path, error: &rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError(format!(
            "{}: this is not a database: move it away, or restore a backup in its place",
            path.display()
        )),
        Some(ErrorCode::DatabaseCorrupt) => damaged(path, &error.to_string()),
        _ => not_writable(path, error),
    }
}

fn damaged(path: &Path, what: &str) -> OpenError {
    let what = what.lines().last().unwrap_or_default();
    OpenError(format!(
        "{}: the database is damaged ({what}): restore a backup in its place, or move it away to start empty",
        path.display()
    ))
}

fn not_writable(path: &Path, error: &dyn std::error::Error) -> OpenError {
    OpenError(format!(
        "{}: {error}: the controller has to be able to write there; --data-dir names another place",
        path.display()
    ))
}
