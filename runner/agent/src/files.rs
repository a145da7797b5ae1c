//! A box's files, seen from outside it through a descriptor of its folder. Programs choose names and kinds of
//! what they leave there, so nothing is opened that is not a regular file or a folder strictly below it.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, OwnedFd};

use nix::dir::{Dir, Entry, Type};
use nix::errno::Errno;
use nix::sys::sendfile::sendfile;
use nix::sys::stat::{FileStat, Mode, fstat, mkdirat};
use nix::sys::statvfs::fstatvfs;
use nix::unistd::write;

use crate::system::open_beneath;

/// How deep folders may lie in each other before what is below is left behind.
pub const MAX_DEPTH: u32 = 64;

/// Where in a file data goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Behind what is there.
    End,
    /// Into a new one, which may be executed or not.
    New {
        /// Whether it may.
        executable: bool,
    },
}

/// Writes data to a file, and makes the folders on the way.
///
/// # Errors
/// The kernel's; `ENOSPC` where the box is full.
pub fn put(folder: &OwnedFd, path: &str, target: Target, mut data: &[u8]) -> Result<(), Errno> {
    let (above, name) = path.rsplit_once('/').map_or((None, path), |(above, name)| (Some(above), name));
    let parent = above.map(|above| make_folders(folder, above)).transpose()?;
    let afresh = libc::O_CREAT | libc::O_TRUNC;
    let (how, mode) = match target {
        Target::End => (libc::O_APPEND, 0),
        Target::New { executable: false } => (afresh, 0o644),
        Target::New { executable: true } => (afresh, 0o755),
    };
    let flags = libc::O_WRONLY | libc::O_NONBLOCK | how;
    let file = open_beneath(parent.as_ref().unwrap_or(folder), &c_string(name)?, flags, mode)?;
    while !data.is_empty() {
        let written = write(&file, data)?;
        data = data.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// Makes folders in each other, as far as they are not there, and opens the last one. One after the other: `mkdirat`
/// by itself follows links, and `..`, out of the box.
fn make_folders(folder: &OwnedFd, path: &str) -> Result<OwnedFd, Errno> {
    let mut parent = None;
    for name in path.split('/') {
        let name = c_string(name)?;
        let above = parent.as_ref().unwrap_or(folder);
        match mkdirat(above, name.as_c_str(), Mode::from_bits_truncate(0o755)) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(errno),
        }
        parent = Some(open_beneath(above, &name, libc::O_RDONLY | libc::O_DIRECTORY, 0)?);
    }
    parent.ok_or(Errno::ENOENT)
}

/// Copies everything that can be read in one folder into another one, which is empty or has other names.
/// Links, pipes and sockets stay behind, and so does what the program made unreadable.
///
/// # Errors
/// The kernel's, where the target cannot take it; `ENOSPC` where it is full.
pub fn copy(from: &OwnedFd, to: &OwnedFd) -> Result<(), Errno> {
    copy_folder(open_beneath(from, c".", libc::O_RDONLY | libc::O_DIRECTORY, 0)?, to, MAX_DEPTH)
}

/// Whether not a byte, or not a file, more fits.
pub fn is_full(folder: &OwnedFd) -> bool {
    fstatvfs(folder).is_ok_and(|stat| stat.blocks_available() == 0 || stat.files_available() == 0)
}

fn copy_folder(from: OwnedFd, to: &OwnedFd, depth: u32) -> Result<(), Errno> {
    let mut entries = Dir::from_fd(from)?;
    let names: Vec<Entry> = entries.iter().filter_map(Result::ok).collect();
    for entry in names {
        let name = entry.file_name();
        match entry.file_type() {
            Some(Type::File) => copy_file(&entries, name, to)?,
            Some(Type::Directory) if name != c"." && name != c".." && depth > 0 => {
                let Ok(inner) = open_beneath(&entries, name, libc::O_RDONLY | libc::O_DIRECTORY, 0) else {
                    continue;
                };
                mkdirat(to, name, Mode::from_bits_truncate(0o755))?;
                let target = open_beneath(to, name, libc::O_RDONLY | libc::O_DIRECTORY, 0)?;
                copy_folder(inner, &target, depth - 1)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn copy_file(from: &Dir, name: &CStr, to: &OwnedFd) -> Result<(), Errno> {
    let Ok(source) = open_beneath(from, name, libc::O_RDONLY | libc::O_NONBLOCK, 0) else { return Ok(()) };
    let stat = fstat(&source)?;
    if !is_regular(&stat) {
        return Ok(());
    }
    let target = open_beneath(to, name, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL, stat.st_mode & 0o777)?;
    let mut left = usize::try_from(stat.st_size).unwrap_or(0);
    while left > 0 {
        match sendfile(target.as_fd(), source.as_fd(), None, left)? {
            0 => break,
            sent => left = left.saturating_sub(sent),
        }
    }
    Ok(())
}

fn is_regular(stat: &FileStat) -> bool {
    stat.st_mode & libc::S_IFMT == libc::S_IFREG
}

fn c_string(path: &str) -> Result<CString, Errno> {
    CString::new(path).map_err(|_| Errno::EINVAL)
}
