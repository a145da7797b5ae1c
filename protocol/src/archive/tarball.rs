//! Tar, and tar in gzip.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};

use super::collection::{Collection, refuse};
use super::{ArchiveError, Fault, read_exactly};

/// What a tar has beside its files' bytes, for each of its entries: heads, a long name, and what fills a block up.
const OVERHEAD: u64 = 4 * 1024;

const CUT: ArchiveError = ArchiveError::Broken("the tar is cut off, or no tar from somewhere on");

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
    let mut tar = MultiGzDecoder::new(archive).take(most);
    let mut start = Vec::new();
    tar.by_ref().take(512).read_to_end(&mut start).map_err(|_| CUT)?;
    if start.get(257..262) != Some(b"ustar") {
        return Err(ArchiveError::Broken("there is no tar in the gzip"));
    }
    unpack(start.as_slice().chain(tar), files)
}
