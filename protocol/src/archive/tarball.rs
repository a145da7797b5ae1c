//! Tar, and tar in gzip.

use std::cell::Cell;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};

use super::collection::{Collection, refuse};
use super::{ArchiveError, Fault, read_exactly};

/// What a tar has beside its files' bytes, for each of its entries: heads, a long name, and what fills a block up.
const OVERHEAD: u64 = 4 * 1024;

/// Bytes of a gzip that may be read before anything comes out of it: its head, and what is read ahead.
const AHEAD: u64 = 64 * 1024;

const CUT: ArchiveError = ArchiveError::Broken("the tar is cut off, or no tar from somewhere on");
const HOLLOW: ArchiveError = ArchiveError::Broken("much of the gzip unpacks to nothing");

/// The files of a tar.
pub fn unpack(archive: impl Read, files: &mut Collection) -> Result<(), ArchiveError> {
    let mut archive = Archive::new(archive);
    for entry in archive.entries().map_err(|_| CUT)? {
        let mut entry = entry.map_err(|_| CUT)?;
        let name = entry.path_bytes().into_owned();
        let kind = entry.header().entry_type();
        let size = entry.size();
        let refused = |fault| refuse(&name, fault);
        match kind {
            // What a tar says of all that follows, and of nothing in it.
            EntryType::XGlobalHeader => continue,
            _ => files.count().map_err(refused)?,
        }
        match kind {
            EntryType::Directory => files.folder(&name).map_err(refused)?,
            // So folders were written before there was a kind for them.
            EntryType::Regular if name.ends_with(b"/") => files.folder(&name).map_err(refused)?,
            EntryType::Regular | EntryType::Continuous => {
                let Some(file) = files.file(&name, size).map_err(refused)? else { continue };
                files.add(file, read_exactly(&mut entry, size).map_err(refused)?);
            }
            EntryType::Symlink | EntryType::Link => return Err(refused(Fault::Link)),
            _ => return Err(refused(Fault::Special)),
        }
    }
    Ok(())
}

/// The files of a tar in gzip.
pub fn unpack_compressed(archive: &[u8], files: &mut Collection) -> Result<(), ArchiveError> {
    let caps = files.caps();
    let most = (caps.entries as u64).saturating_mul(OVERHEAD).saturating_add(caps.bytes);
    // What comes out of a small gzip may have no end, and names are read whole before they are looked at.
    let balance = Balance::default();
    let tar = Produced {
        from: MultiGzDecoder::new(Consumed { from: archive, balance: &balance }),
        balance: &balance,
    };
    let unpacked = unpack_checked(tar.take(most), files);
    unpacked.map_err(|error| if balance.is_hollow() { HOLLOW } else { error })
}

/// The files of what should be a tar.
fn unpack_checked(mut tar: impl Read, files: &mut Collection) -> Result<(), ArchiveError> {
    let mut start = Vec::new();
    tar.by_ref().take(512).read_to_end(&mut start).map_err(|_| CUT)?;
    if start.get(257..262) != Some(b"ustar") {
        return Err(ArchiveError::Broken("there is no tar in the gzip"));
    }
    unpack(start.as_slice().chain(tar), files)
}

/// What went into a decoder and what came out of it, in bytes.
#[derive(Debug, Default)]
struct Balance {
    consumed: Cell<u64>,
    produced: Cell<u64>,
}

impl Balance {
    /// Whether more went in than any file needs: blocks that hold nothing take time, and nothing else ends them.
    fn is_hollow(&self) -> bool {
        self.consumed.get() > self.produced.get().saturating_mul(2).saturating_add(AHEAD)
    }
}

/// What goes into a decoder, until the balance is off.
struct Consumed<'a> {
    from: &'a [u8],
    balance: &'a Balance,
}

impl Read for Consumed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.balance.consumed.set(self.balance.consumed.get() + read as u64);
        match self.balance.is_hollow() {
            true => Err(io::ErrorKind::InvalidData.into()),
            false => Ok(read),
        }
    }
}

/// What comes out of a decoder.
struct Produced<'a, R> {
    from: R,
    balance: &'a Balance,
}

impl<R: Read> Read for Produced<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.balance.produced.set(self.balance.produced.get() + read as u64);
        Ok(read)
    }
}
