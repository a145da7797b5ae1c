//! What has been found in an archive so far, and whether more can be added.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{ArchiveError, Caps, Fault};
use crate::SourceFile;
use crate::validate::check_path;

/// How much of a name is shown.
const SHOWN: usize = 120;

/// The files so far.
#[derive(Debug)]
pub struct Collection {
    caps: Caps,
    entries: usize,
    bytes: u64,
    files: Vec<SourceFile>,
    names: HashMap<String, Kind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
}

/// An entry that has a place: what is in it can be read.
#[derive(Debug)]
pub struct Accepted {
    path: String,
}

impl Collection {
    /// Nothing yet.
    pub fn new(caps: Caps) -> Self {
        Self { caps, entries: 0, bytes: 0, files: Vec::new(), names: HashMap::new() }
    }

    /// The most that it may hold.
    pub fn caps(&self) -> Caps {
        self.caps
    }

    /// One more entry, of whatever kind.
    ///
    /// # Errors
    /// Where there are too many.
    pub fn count(&mut self) -> Result<(), Fault> {
        self.entries += 1;
        match self.entries > self.caps.entries {
            true => Err(Fault::TooMany(self.caps.entries)),
            false => Ok(()),
        }
    }

    /// A folder of this name.
    ///
    /// # Errors
    /// Where that cannot be one, or is a file.
    pub fn folder(&mut self, name: &[u8]) -> Result<(), Fault> {
        let path = text(name)?;
        if path.starts_with('/') {
            return check(path);
        }
        let path = path.trim_end_matches('/');
        if path.is_empty() || path == "." || is_added(path) {
            return Ok(());
        }
        check(path)?;
        self.enter_folders(path)?;
        self.enter_folder(path)
    }

    /// A file of this name, which says that it has so many bytes. Nothing, where it is not one of the program's.
    ///
    /// # Errors
    /// Where its name cannot be one, is taken, or it does not fit.
    pub fn file(&mut self, name: &[u8], size: u64) -> Result<Option<Accepted>, Fault> {
        let path = text(name)?;
        if is_added(path) {
            return Ok(None);
        }
        check(path)?;
        self.enter_folders(path)?;
        match self.names.entry(path.to_owned()) {
            Entry::Vacant(free) => free.insert(Kind::File),
            Entry::Occupied(taken) => {
                return Err(if *taken.get() == Kind::File { Fault::Twice } else { Fault::FileAndFolder });
            }
        };
        self.bytes = self.bytes.saturating_add(size);
        match self.bytes > self.caps.bytes {
            true => Err(Fault::TooLarge(self.caps.bytes)),
            false => Ok(Some(Accepted { path: path.to_owned() })),
        }
    }

    /// What is in a file.
    pub fn add(&mut self, file: Accepted, content: Vec<u8>) {
        self.files.push(SourceFile { path: file.path, content: content.into() });
    }

    /// All files, by their names.
    ///
    /// # Errors
    /// Where there is none.
    pub fn finish(mut self) -> Result<Vec<SourceFile>, ArchiveError> {
        if self.files.is_empty() {
            return Err(ArchiveError::Empty);
        }
        if let Some(folder) = holds_all(&self.files) {
            let outer = folder.len() + 1;
            self.files.iter_mut().for_each(|file| drop(file.path.drain(..outer)));
        }
        self.files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(self.files)
    }

    /// The folders above a path are folders.
    fn enter_folders(&mut self, path: &str) -> Result<(), Fault> {
        path.match_indices('/').try_for_each(|(end, _)| self.enter_folder(&path[..end]))
    }

    fn enter_folder(&mut self, path: &str) -> Result<(), Fault> {
        match self.names.get(path) {
            Some(Kind::File) => Err(Fault::FileAndFolder),
            Some(Kind::Folder) => Ok(()),
            None => {
                self.names.insert(path.to_owned(), Kind::Folder);
                Ok(())
            }
        }
    }
}

/// The one folder that all files are in, some of them not further down: the folder that was packed, not one that a
/// program has for its own reasons, as Java has packages.
fn holds_all(files: &[SourceFile]) -> Option<String> {
    let (folder, _) = files.first()?.path.split_once('/')?;
    let below = |file: &SourceFile| file.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let beside = |file: &SourceFile| !file.path[folder.len() + 1..].contains('/');
    (files.iter().all(below) && files.iter().any(beside)).then(|| folder.to_owned())
}

/// The entry at fault, in so far as it can be shown.
pub fn refuse(name: &[u8], fault: Fault) -> ArchiveError {
    let name = String::from_utf8_lossy(name);
    let cut = if name.chars().nth(SHOWN).is_some() { "…" } else { "" };
    ArchiveError::Entry { entry: name.chars().take(SHOWN).chain(cut.chars()).collect(), fault }
}

/// The name as text, from the folder on that the archive was made of.
fn text(name: &[u8]) -> Result<&str, Fault> {
    let mut path = std::str::from_utf8(name).map_err(|_| Fault::Name)?;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest;
    }
    Ok(path)
}

fn check(path: &str) -> Result<(), Fault> {
    check_path(path).map_err(Fault::Path)?;
    if path.contains('\\') {
        return Err(Fault::Path("names are separated by `/`, not by `\\`".to_owned()));
    }
    let mut start = path.chars();
    if start.next().is_some_and(|letter| letter.is_ascii_alphabetic()) && start.next() == Some(':') {
        return Err(Fault::Path("it begins with a drive".to_owned()));
    }
    Ok(())
}

/// Whether the makers of archives add it by themselves.
fn is_added(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    path == "__MACOSX" || path.starts_with("__MACOSX/") || path == ".DS_Store" || path.ends_with("/.DS_Store")
}
