//! Files that a program left in its box, on their way to the runner. The program chose what lies there and what it is
//! called: nothing is opened but regular files strictly below the box's folder, and everything is counted.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use nix::dir::{Dir, Entry, Type};
use nix::errno::Errno;

use crate::files::MAX_DEPTH;
use crate::glob::{Matcher, Place};
use crate::message::{BoxId, MAX_DATA, MAX_PATH, Reply};
use crate::system::open_beneath;

/// How many characters may be compared in one search: about half a second's work.
const MAX_STEPS: u64 = 100_000_000;

/// What is looked for.
#[derive(Debug)]
pub struct Wanted {
    /// Patterns of their paths.
    pub patterns: Vec<String>,
    /// How many at most: the first of them, by their paths.
    pub most_files: u32,
    /// How many bytes of them together at most. One that does not fit any more is left out whole.
    pub most_bytes: u64,
}

/// Files that are sent one after the other, piece by piece.
#[derive(Debug)]
pub struct Collection {
    id: BoxId,
    folder: OwnedFd,
    paths: VecDeque<String>,
    bytes_left: u64,
    open: Option<Open>,
    left_out: bool,
    empty_folders: bool,
}

/// The file that is being sent.
#[derive(Debug)]
struct Open {
    path: String,
    file: File,
    executable: bool,
    left: u64,
}

/// A walk through a box's folders.
struct Walk<'a> {
    matcher: Matcher,
    /// Where the box's files are, and where those that are not wanted are.
    top: &'a OwnedFd,
    unlike: Option<OwnedFd>,
    most: usize,
    found: BTreeSet<String>,
    left_out: bool,
    empty_folders: bool,
}

impl Collection {
    /// Looks for files in a box whose program has ended, but for those that are the same in another one.
    ///
    /// # Errors
    /// The kernel's, where the box's folder itself cannot be read.
    pub fn new(id: BoxId, folder: OwnedFd, unlike: Option<OwnedFd>, wanted: &Wanted) -> Result<Self, Errno> {
        let mut walk = Walk {
            matcher: Matcher::new(&wanted.patterns, MAX_STEPS),
            top: &folder,
            unlike,
            most: wanted.most_files as usize,
            found: BTreeSet::new(),
            left_out: false,
            empty_folders: false,
        };
        let top = Dir::from_fd(open_beneath(&folder, c".", libc::O_RDONLY | libc::O_DIRECTORY, 0)?)?;
        let start = walk.matcher.start();
        walk.folder(top, "", &start, MAX_DEPTH);
        let left_out = walk.left_out || walk.matcher.is_exhausted();
        let empty_folders = walk.empty_folders;
        let paths = walk.found.into_iter().collect();
        Ok(Self { id, folder, paths, bytes_left: wanted.most_bytes, open: None, left_out, empty_folders })
    }

    /// The box that is being read.
    pub fn id(&self) -> BoxId {
        self.id
    }

    /// What to say next; the last is [`Reply::Collected`].
    ///
    /// # Errors
    /// The kernel's, where a file that was begun cannot be read on.
    pub fn reply(&mut self) -> Result<Reply, Errno> {
        loop {
            if let Some(open) = self.open.take() {
                return self.piece(open);
            }
            let Some(path) = self.paths.pop_front() else {
                let Self { id, left_out, empty_folders, .. } = *self;
                return Ok(Reply::Collected { id, left_out, empty_folders });
            };
            self.begin(path);
        }
    }

    /// Opens the next file, unless it is to be left out.
    fn begin(&mut self, path: String) {
        let Some((file, executable, size)) = open_regular(&self.folder, &path) else {
            self.left_out = true;
            return;
        };
        match self.bytes_left.checked_sub(size) {
            Some(left) => {
                self.bytes_left = left;
                self.open = Some(Open { path, file, executable, left: size });
            }
            None => self.left_out = true,
        }
    }

    fn piece(&mut self, mut open: Open) -> Result<Reply, Errno> {
        let mut data = Vec::new();
        let most = open.left.min(MAX_DATA as u64);
        let read = (&open.file).take(most).read_to_end(&mut data);
        read.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))?;
        open.left -= most;
        let end = open.left == 0 || (data.len() as u64) < most;
        let reply =
            Reply::File { id: self.id, path: open.path.clone(), executable: open.executable, data, end };
        self.open = (!end).then_some(open);
        Ok(reply)
    }
}

impl Walk<'_> {
    fn folder(&mut self, mut folder: Dir, above: &str, place: &Place, depth: u32) {
        let names: Vec<Entry> = folder.iter().filter_map(Result::ok).collect();
        // Each has two names of its own: itself, and the one above.
        self.empty_folders |= names.len() <= 2 && !above.is_empty();
        for entry in names {
            let kind = entry.file_type();
            let name = entry.file_name();
            if name == c"." || name == c".." || !matches!(kind, Some(Type::File | Type::Directory)) {
                continue;
            }
            let text = name.to_string_lossy();
            let behind = self.matcher.after(place, &text);
            let path = format!("{above}{text}");
            let is_speakable = name.to_str().is_ok() && !text.contains(char::is_control);
            match kind {
                Some(Type::File) if self.matcher.is_match(&behind) => match is_speakable {
                    true => self.keep(path),
                    false => self.left_out = true,
                },
                Some(Type::Directory) if self.matcher.leads_on(&behind) => {
                    let flags = libc::O_RDONLY | libc::O_DIRECTORY;
                    let inner = open_beneath(&folder, name, flags, 0).and_then(Dir::from_fd);
                    match inner {
                        Ok(inner) if is_speakable && depth > 0 => {
                            self.folder(inner, &format!("{path}/"), &behind, depth - 1);
                        }
                        _ => self.left_out = true,
                    }
                }
                _ => {}
            }
        }
    }

    /// Keeps the first so many: what a program leaves may be far more than fits here.
    fn keep(&mut self, path: String) {
        if path.len() > MAX_PATH {
            self.left_out = true;
            return;
        }
        if self.unlike.as_ref().is_some_and(|other| is_same(self.top, other, &path)) {
            return;
        }
        self.found.insert(path);
        if self.found.len() > self.most {
            self.found.pop_last();
            self.left_out = true;
        }
    }
}

/// A file for reading, whether it may be executed, and its size; nothing where it is not regular or cannot be read.
fn open_regular(folder: &OwnedFd, path: &str) -> Option<(File, bool, u64)> {
    let path = CString::new(path).ok()?;
    let file = File::from(open_beneath(folder, &path, libc::O_RDONLY | libc::O_NONBLOCK, 0).ok()?);
    let about = file.metadata().ok()?;
    let mode = std::os::unix::fs::MetadataExt::mode(&about);
    about.is_file().then_some((file, mode & 0o111 != 0, about.len()))
}

/// Whether a file has the same content in both folders.
fn is_same(one: &OwnedFd, other: &OwnedFd, path: &str) -> bool {
    let (Some((one, _, size)), Some((other, _, others))) =
        (open_regular(one, path), open_regular(other, path))
    else {
        return false;
    };
    let (mut ours, mut theirs) = (vec![0; MAX_DATA], vec![0; MAX_DATA]);
    let mut left = if size == others { size } else { return false };
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(MAX_DATA).min(MAX_DATA);
        let (Some(ours), Some(theirs)) = (ours.get_mut(..length), theirs.get_mut(..length)) else {
            return false;
        };
        if (&one).read_exact(ours).is_err() || (&other).read_exact(theirs).is_err() || ours != theirs {
            return false;
        }
        left -= length as u64;
    }
    true
}

#[cfg(test)]
mod tests;
