//! Which store the configuration names. A database's address holds its password, so nothing here shows it.

use std::convert::Infallible;
use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

use super::{Args, File};

/// Where root keeps jobs.
const OF_ROOT: &str = "/var/lib/ruche";

/// What was written for `store`, before it is looked at: errors about it must not repeat it.
#[derive(Clone, Deserialize)]
pub struct StoreText(String);

impl FromStr for StoreText {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for StoreText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Where a PostgreSQL database is and how to get in.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

impl PostgresUrl {
    /// An address for a test.
    #[cfg(test)]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The whole address, with its password: for connecting alone.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresUrl(hidden)")
    }
}

/// Where jobs are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreKind {
    /// In memory alone.
    Memory,
    /// In a file in this folder.
    Sqlite(PathBuf),
    /// In a database that several controllers share.
    Postgres(PostgresUrl),
}

/// Why no store is meant.
#[derive(Debug, thiserror::Error)]
pub enum StoreKindError {
    /// It is none of the words.
    #[error(
        "store has to be sqlite, memory, or the address of a database: postgres://USER:PASSWORD@HOST/NAME"
    )]
    Unknown,
    /// It is said twice.
    #[error("store and store_file are both given: leave one out")]
    Both,
    /// The file cannot be read.
    #[error("store_file {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no place for the file.
    #[error("there is no home folder for ruche.db: say data_dir (--data-dir)")]
    NoPlace,
}

/// What flags and file mean together. Flags go before the file.
pub(super) fn kind(args: &Args, file: &File) -> Result<StoreKind, StoreKindError> {
    let said = match (&args.store, &args.store_file) {
        (None, None) => read(file.store.as_ref(), file.store_file.as_deref())?,
        (text, path) => read(text.as_ref(), path.as_deref())?,
    };
    match said.as_deref() {
        Some("memory") => Ok(StoreKind::Memory),
        Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            Ok(StoreKind::Postgres(PostgresUrl(url.to_owned())))
        }
        None | Some("sqlite") => Ok(StoreKind::Sqlite(data_dir(args, file).ok_or(StoreKindError::NoPlace)?)),
        Some(_) => Err(StoreKindError::Unknown),
    }
}

/// Where the controller's own files are; nothing where there is no place for any.
pub(super) fn data_dir(args: &Args, file: &File) -> Option<PathBuf> {
    let named = args.data_dir.as_ref().or(file.data_dir.as_ref());
    named.cloned().or_else(|| usual_place(args))
}

fn read(text: Option<&StoreText>, path: Option<&Path>) -> Result<Option<String>, StoreKindError> {
    match (text, path) {
        (Some(_), Some(_)) => Err(StoreKindError::Both),
        (Some(text), None) => Ok(Some(text.0.clone())),
        (None, Some(path)) => match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(source) => Err(StoreKindError::File { path: path.to_owned(), source }),
        },
        (None, None) => Ok(None),
    }
}

/// Where programs of this user keep their state.
fn usual_place(args: &Args) -> Option<PathBuf> {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if is_root {
        return Some(PathBuf::from(OF_ROOT));
    }
    let state = args.state_home.clone().filter(|folder| folder.is_absolute());
    let state = state.or_else(|| args.home.as_ref().map(|home| home.join(".local/state")));
    state.map(|state| state.join("ruche"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn kind_of(flags: &[&str], file: &str) -> Result<StoreKind, StoreKindError> {
        let args = Args::try_parse_from([&["controller"], flags].concat()).unwrap();
        kind(&args, &toml::from_str(file).unwrap())
    }

    #[test]
    fn the_flag_goes_before_the_file_and_sqlite_is_the_default() {
        let folder = |folder: &str| StoreKind::Sqlite(PathBuf::from(folder));
        assert_eq!(kind_of(&["--data-dir", "/a"], "data_dir = '/b'").unwrap(), folder("/a"));
        assert_eq!(kind_of(&[], "store = 'sqlite'\ndata_dir = '/b'").unwrap(), folder("/b"));
        assert_eq!(kind_of(&["--store", "memory"], "store_file = '/none'").unwrap(), StoreKind::Memory);
        assert!(matches!(kind_of(&[], "").unwrap(), StoreKind::Sqlite(_)));
        assert!(matches!(kind_of(&["--store", "mysql://x"], ""), Err(StoreKindError::Unknown)));
    }

    #[test]
    fn a_password_is_shown_nowhere() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "postgres://ruche:tulip@db/ruche\n").unwrap();
        let args =
            Args::try_parse_from(["controller", "--store", "postgres://ruche:tulip@db/ruche"]).unwrap();
        let from_file = format!("store_file = {:?}", file.path());
        let kinds = [kind(&args, &File::default()).unwrap(), kind_of(&[], &from_file).unwrap()];
        assert_eq!(kinds[0], kinds[1]);
        assert!(!format!("{args:?} {kinds:?}").contains("tulip"));
        let wrong = kind_of(&["--store", "postgre://ruche:tulip@db"], "").unwrap_err();
        assert!(!format!("{wrong} {wrong:?}").contains("tulip"));
    }
}
