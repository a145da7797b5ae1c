//! Zip. Its directory, at the end, says what is in it; what stands before each file has to say the same.

use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::collection::{Collection, refuse};
use super::{ArchiveError, Fault, read_exactly};

const END: &[u8; 4] = b"PK\x05\x06";
const END_SIZE: usize = 22;
const LONGEST_COMMENT: usize = u16::MAX as usize;
const ENTRY: &[u8; 4] = b"PK\x01\x02";
const ENTRY_SIZE: usize = 46;
const LOCAL: &[u8; 4] = b"PK\x03\x04";
const LOCAL_SIZE: usize = 30;

/// Bits of an entry's flags: encrypted, encrypted more strongly, and with its head hidden.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// Bytes that what cannot be made smaller may grow by when it is packed, beside an eighth.
const SLACK: u64 = 1024;

/// What kind of file it was on Unix, in the upper half of its attributes, and a folder on DOS, in the lower.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const DOS_FOLDER: u32 = 0x10;

const NO_END: ArchiveError = ArchiveError::Broken("the zip is cut off: its end is missing");
const NO_DIRECTORY: ArchiveError = ArchiveError::Broken("the zip's directory is not where it should be");
const LARGE: ArchiveError = ArchiveError::Broken("it is a zip64, or in several parts: make an ordinary zip");

/// The files of a zip.
pub fn unpack(archive: &[u8], files: &mut Collection) -> Result<(), ArchiveError> {
    let mut directory = directory(archive)?;
    let mut packed_bytes = 0;
    for _ in 0..directory.entries {
        let entry = Entry::read(&mut directory.rest).ok_or(NO_DIRECTORY)?;
        let refused = |fault| refuse(entry.name, fault);
        files.count().map_err(refused)?;
        if entry.flags & ENCRYPTED != 0 {
            return Err(refused(Fault::Encrypted));
        }
        if entry.is_folder().map_err(refused)? {
            files.folder(entry.name).map_err(refused)?;
            continue;
        }
        if [entry.compressed, entry.size, entry.offset].contains(&u32::MAX) {
            return Err(LARGE);
        }
        let Some(file) = files.file(entry.name, entry.size.into()).map_err(refused)? else { continue };
        packed_bytes += u64::from(entry.compressed);
        if packed_bytes > archive.len() as u64 {
            return Err(refused(Fault::Shared));
        }
        let packed = entry.packed(archive).ok_or(NO_DIRECTORY)?;
        files.add(file, entry.unpack(packed).map_err(refused)?);
    }
    match directory.rest.is_empty() {
        true => Ok(()),
        false => Err(NO_DIRECTORY),
    }
}

/// The entries that are still to be read.
struct Directory<'a> {
    entries: u16,
    rest: &'a [u8],
}

fn directory(archive: &[u8]) -> Result<Directory<'_>, ArchiveError> {
    let (at, end) = end(archive).ok_or(NO_END)?;
    let broken = || NO_END;
    let disks = [number(end, 4), number(end, 6)];
    let [here, entries] = [number(end, 8), number(end, 10)].map(|number| number.ok_or_else(broken));
    let (here, entries) = (here?, entries?);
    let size = long(end, 12).ok_or_else(broken)?;
    let offset = long(end, 16).ok_or_else(broken)?;
    if disks != [Some(0); 2] || here != entries || entries == u16::MAX || [size, offset].contains(&u32::MAX) {
        return Err(LARGE);
    }
    let start = offset as usize;
    let stop = start.checked_add(size as usize).filter(|stop| *stop == at).ok_or(NO_DIRECTORY)?;
    archive.get(start..stop).map(|rest| Directory { entries, rest }).ok_or(NO_DIRECTORY)
}

/// Where the end's record begins, and the record. The comment behind it goes to the end of the zip.
fn end(archive: &[u8]) -> Option<(usize, &[u8])> {
    let last = archive.len().checked_sub(END_SIZE)?;
    let first = last.saturating_sub(LONGEST_COMMENT);
    (first..=last).rev().find_map(|at| {
        let record = &archive[at..];
        let comment = number(record, 20)?;
        (record.starts_with(END) && record.len() == END_SIZE + usize::from(comment)).then_some((at, record))
    })
}

/// What the directory says of an entry.
struct Entry<'a> {
    name: &'a [u8],
    flags: u16,
    method: u16,
    crc: u32,
    compressed: u32,
    size: u32,
    attributes: u32,
    offset: u32,
}

impl<'a> Entry<'a> {
    /// Takes the next one.
    fn read(rest: &mut &'a [u8]) -> Option<Self> {
        let head = rest.get(..ENTRY_SIZE).filter(|head| head.starts_with(ENTRY))?;
        let [name, extra, comment] = [28, 30, 32].map(|at| number(head, at).map(usize::from));
        let name_end = ENTRY_SIZE + name?;
        let entry = Self {
            name: rest.get(ENTRY_SIZE..name_end)?,
            flags: number(head, 8)?,
            method: number(head, 10)?,
            crc: long(head, 16)?,
            compressed: long(head, 20)?,
            size: long(head, 24)?,
            attributes: long(head, 38)?,
            offset: long(head, 42)?,
        };
        *rest = rest.get(name_end + extra? + comment?..)?;
        Some(entry)
    }

    fn is_folder(&self) -> Result<bool, Fault> {
        let named_so = self.name.ends_with(b"/");
        match (self.attributes >> 16) & KIND {
            LINK => Err(Fault::Link),
            FOLDER => Ok(true),
            0 => Ok(named_so || self.attributes & DOS_FOLDER != 0),
            REGULAR => Ok(named_so),
            _ => Err(Fault::Special),
        }
    }

    /// Its bytes as they are in the zip, where what stands before them has the same name.
    fn packed<'z>(&self, archive: &'z [u8]) -> Option<&'z [u8]> {
        let local = archive.get(self.offset as usize..)?;
        let head = local.get(..LOCAL_SIZE).filter(|head| head.starts_with(LOCAL))?;
        let name_end = LOCAL_SIZE + usize::from(number(head, 26)?);
        if local.get(LOCAL_SIZE..name_end)? != self.name {
            return None;
        }
        local.get(name_end + usize::from(number(head, 28)?)..)?.get(..self.compressed as usize)
    }

    fn unpack(&self, packed: &[u8]) -> Result<Vec<u8>, Fault> {
        let size = u64::from(self.size);
        if u64::from(self.compressed) > size + size / 8 + SLACK {
            return Err(Fault::Hollow);
        }
        let content = match self.method {
            STORED => read_exactly(packed, size)?,
            DEFLATED => read_exactly(DeflateDecoder::new(packed), size)?,
            _ => return Err(Fault::Method),
        };
        let mut crc = Crc::new();
        crc.update(&content);
        match crc.sum() == self.crc {
            true => Ok(content),
            false => Err(Fault::Damaged),
        }
    }
}

/// The number of two bytes that stands there.
fn number(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

/// The number of four bytes that stands there.
fn long(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}
