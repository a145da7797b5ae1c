//! The files in a zip, a tar or a tar.gz that somebody sends: nothing is written anywhere, and nothing but plain files in
//! folders is let through.
//!
//! What an archive says of itself is not believed: bytes are counted as they come out,
//! and as they go in: what unpacks to nothing takes time all the same. Two things make archives of a folder
//! the program that somebody meant: what the makers of archives add of their own (`__MACOSX`, `.DS_Store`) is left out, and
//! where one folder holds everything, and files of its own, its name is left out of theirs.

mod collection;
mod tarball;
#[cfg(test)]
mod tests;
mod zip;

use std::io::Read;

use crate::{MAX_FILES, SourceFile};
use collection::Collection;

/// The most that an archive may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Files and folders.
    pub entries: usize,
    /// Bytes of all its files together.
    pub bytes: u64,
}

impl Caps {
    /// As many files as a program may have, of so many bytes together.
    pub fn of_bytes(bytes: u64) -> Self {
        Self { entries: MAX_FILES, bytes }
    }
}

/// Why an archive is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// It is something else.
    #[error("this is neither a zip nor a tar nor a tar.gz")]
    Unknown,
    /// It is not as its format wants it.
    #[error("the archive is broken: {0}")]
    Broken(&'static str),
    /// There is nothing in it to run.
    #[error("there is no file in the archive")]
    Empty,
    /// One of its entries cannot be taken.
    #[error("{entry:?} in the archive {fault}")]
    Entry {
        /// Its name, as far as it is text, and not more than is shown.
        entry: String,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A symbolic or a hard one.
    #[error("is a link: put the file itself there")]
    Link,
    /// A device, a fifo or something else that is not just bytes.
    #[error("is neither a file nor a folder")]
    Special,
    /// Its name is none that a program's file can have.
    #[error("cannot be a program's file: {0}")]
    Path(String),
    /// Its name is not text.
    #[error("has a name that is not UTF-8")]
    Name,
    /// There was one of this name already.
    #[error("is there twice")]
    Twice,
    /// It is a file, and others are below it.
    #[error("is a file and a folder")]
    FileAndFolder,
    /// It cannot be read without a password.
    #[error("is encrypted")]
    Encrypted,
    /// It was packed by something else than deflate.
    #[error("is compressed in a way that is not known here: use deflate, as zip does by itself")]
    Method,
    /// More comes out than it said, or less.
    #[error("is not of the size that the archive states")]
    Size,
    /// Its bytes are another's too: a small archive could be read for ever.
    #[error("shares its bytes with other entries: pack each file for itself")]
    Shared,
    /// Much goes in that nothing comes out of.
    #[error("takes more bytes packed than it has")]
    Hollow,
    /// What comes out is not what went in.
    #[error("is damaged")]
    Damaged,
    /// With it there is more than may be.
    #[error("is one entry too many: an archive has at most {0}")]
    TooMany(usize),
    /// With it there is more than may be.
    #[error("does not fit any more: an archive holds at most {0} bytes")]
    TooLarge(u64),
}

/// The files in an archive, which is told by its first bytes.
///
/// # Errors
/// Where it is no archive, or holds anything that is not plainly a file or a folder, or too much.
pub fn unpack(archive: &[u8], caps: Caps) -> Result<Vec<SourceFile>, ArchiveError> {
    let mut files = Collection::new(caps);
    match Kind::of(archive).ok_or(ArchiveError::Unknown)? {
        Kind::Zip => zip::unpack(archive, &mut files)?,
        Kind::Tar => tarball::unpack(archive, &mut files)?,
        Kind::Gzip => tarball::unpack_compressed(archive, &mut files)?,
    }
    files.finish()
}

/// Whether the first bytes are an archive's.
pub fn is_archive(start: &[u8]) -> bool {
    Kind::of(start).is_some()
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Zip,
    Tar,
    Gzip,
}

impl Kind {
    fn of(start: &[u8]) -> Option<Self> {
        if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
            return Some(Self::Zip);
        }
        if start.starts_with(&[0x1f, 0x8b]) {
            return Some(Self::Gzip);
        }
        (start.get(257..262) == Some(b"ustar")).then_some(Self::Tar)
    }
}

/// Reads what should be so many bytes, and one more where there is one.
///
/// # Errors
/// Where it is another number, or what was compressed is broken.
fn read_exactly(from: impl Read, size: u64) -> Result<Vec<u8>, Fault> {
    let mut content = Vec::new();
    from.take(size.saturating_add(1)).read_to_end(&mut content).map_err(|_| Fault::Damaged)?;
    match content.len() as u64 == size {
        true => Ok(content),
        false => Err(Fault::Size),
    }
}
