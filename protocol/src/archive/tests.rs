//! Archives as people make them, and as nobody should.

use std::io::Write as _;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};
use proptest::prelude::*;
use tar::{Builder, EntryType, Header};

use super::*;

const CAPS: Caps = Caps { entries: 20, bytes: 1000 };

/// An entry of a zip, as it is written.
#[derive(Clone)]
struct Zipped {
    name: Vec<u8>,
    local_name: Option<&'static str>,
    content: Vec<u8>,
    deflated: bool,
    stated: Option<u32>,
    flags: u16,
    mode: u32,
    damaged: bool,
    /// What its content is packed to, where that is not for the encoder to say.
    packed: Option<Vec<u8>>,
    /// How far behind its head its bytes are, where they are not its own.
    elsewhere: Option<u16>,
}

fn zipped(name: &str, content: &str) -> Zipped {
    Zipped {
        name: name.into(),
        local_name: None,
        content: content.into(),
        deflated: true,
        stated: None,
        flags: 0,
        mode: 0o100_644,
        damaged: false,
        packed: None,
        elsewhere: None,
    }
}

fn zip(entries: &[Zipped]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = archive.len() as u32;
        let mut crc = Crc::new();
        crc.update(&entry.content);
        let mut packed = entry.content.clone();
        if entry.deflated {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&entry.content).unwrap();
            packed = encoder.finish().unwrap();
        }
        let packed = entry.packed.clone().unwrap_or(packed);
        let method: u16 = if entry.deflated { 8 } else { 0 };
        let mut common = [entry.flags, method, 0, 0].map(u16::to_le_bytes).concat();
        let sizes = [
            crc.sum() ^ u32::from(entry.damaged),
            packed.len() as u32,
            entry.stated.unwrap_or(entry.content.len() as u32),
        ];
        common.extend(sizes.map(u32::to_le_bytes).concat());
        let local_name = entry.local_name.map_or(entry.name.as_slice(), str::as_bytes);
        archive.extend(b"PK\x03\x04\x14\x00");
        archive.extend(&common);
        archive
            .extend([local_name.len() as u16, entry.elsewhere.unwrap_or(3)].map(u16::to_le_bytes).concat());
        archive.extend(local_name);
        archive.extend(b"xyz");
        if entry.elsewhere.is_none() {
            archive.extend(packed);
        }
        directory.extend(b"PK\x01\x02\x14\x03\x14\x00");
        directory.extend(&common);
        directory.extend([entry.name.len() as u16, 2, 1, 0, 0].map(u16::to_le_bytes).concat());
        directory.extend([entry.mode << 16, offset].map(u32::to_le_bytes).concat());
        directory.extend(&entry.name);
        directory.extend(b"exc");
    }
    let (at, size, count) = (archive.len() as u32, directory.len() as u32, entries.len() as u16);
    archive.extend(directory);
    archive.extend(b"PK\x05\x06");
    archive.extend([0, 0, count, count].map(u16::to_le_bytes).concat());
    archive.extend([size, at].map(u32::to_le_bytes).concat());
    archive.extend(b"\x02\x00hi");
    archive
}

/// An entry of a tar: its name is written as it is, whatever it is.
fn tar_with(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, kind, content) in entries {
        let mut header = Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        let is_file = matches!(kind, EntryType::Regular | EntryType::XGlobalHeader);
        header.set_size(if is_file { content.len() as u64 } else { 0 });
        header.set_cksum();
        builder.append(&header, if is_file { content.as_bytes() } else { &[] }).unwrap();
    }
    builder.into_inner().unwrap()
}

fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let entries: Vec<_> = files.iter().map(|(name, content)| (*name, EntryType::Regular, *content)).collect();
    tar_with(&entries)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The same files in every kind of archive.
fn archives(files: &[(&str, &str)]) -> [Vec<u8>; 3] {
    let entries: Vec<Zipped> = files.iter().map(|(name, content)| zipped(name, content)).collect();
    [zip(&entries), tar(files), gzip(&tar(files))]
}

fn unpacked(archive: &[u8]) -> Vec<(String, String)> {
    let files = unpack(archive, CAPS).unwrap();
    files.into_iter().map(|file| (file.path, file.content.to_text())).collect()
}

fn refusal(archive: &[u8]) -> (String, Fault) {
    match unpack(archive, CAPS).unwrap_err() {
        ArchiveError::Entry { entry, fault } => (entry, fault),
        other => panic!("{other}"),
    }
}

fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect()
}

#[test]
fn files_come_out_as_they_went_in_by_their_names() {
    let files = [("lib/util.c", "int one;"), ("main.c", "int main;"), ("empty", "")];
    for archive in archives(&files) {
        assert!(is_archive(&archive));
        assert_eq!(unpacked(&archive), pairs(&[files[2], files[0], files[1]]));
    }
    let stored = Zipped { deflated: false, ..zipped("a", "as it is") };
    assert_eq!(unpacked(&zip(&[stored])), pairs(&[("a", "as it is")]));
}

/// What Info-ZIP and GNU tar make of a folder `game` with two programs in it.
#[test]
fn what_the_usual_programs_write_is_read() {
    let made = |name: &str| {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/archives");
        unpack(&std::fs::read(corpus.join(name)).unwrap(), Caps::of_bytes(1000))
    };
    for name in ["zip", "stored", "streamed", "gnu", "gnu_gzip", "pax_gzip", "ustar_gzip"] {
        let files = made(&format!("seed_{name}")).unwrap();
        let files: Vec<_> = files.into_iter().map(|file| (file.path, file.content.to_text())).collect();
        assert_eq!(files, pairs(&[("lib/x.py", "x = 2\n"), ("main.py", "print(1)\n")]), "{name}");
    }
    for (name, fault) in [("link", Fault::Link), ("link_gzip", Fault::Link), ("encrypted", Fault::Encrypted)]
    {
        let error = made(&format!("seed_{name}")).unwrap_err();
        assert!(matches!(&error, ArchiveError::Entry { fault: found, .. } if *found == fault), "{error}");
    }
}

#[test]
fn a_folder_that_was_packed_is_no_part_of_the_names() {
    for archive in archives(&[("game/main.py", "1"), ("game/lib/x.py", "2")]) {
        assert_eq!(unpacked(&archive), pairs(&[("lib/x.py", "2"), ("main.py", "1")]));
    }
    for whole in [
        // A package of Java has its folder for a reason.
        [("com/a/Main.java", "1"), ("com/b/X.java", "2")],
        [("game/main.py", "1"), ("other.py", "2")],
        [("game/main.py", "1"), ("games/other.py", "2")],
    ] {
        for archive in archives(&whole) {
            assert_eq!(unpacked(&archive), pairs(&whole));
        }
    }
}

#[test]
fn what_the_makers_of_archives_add_is_left_out() {
    let files = [
        ("./main.c", "1"),
        ("./.DS_Store", "x"),
        ("./lib/.DS_Store", "x"),
        ("__MACOSX/._main.c", "x"),
        ("lib/x.c", "2"),
    ];
    for archive in archives(&files) {
        assert_eq!(unpacked(&archive), pairs(&[("lib/x.c", "2"), ("main.c", "1")]));
    }
}

#[test]
fn folders_and_what_a_tar_says_of_itself_are_no_files() {
    let folder = Zipped { mode: 0o040_755, ..zipped("lib/", "") };
    assert_eq!(unpacked(&zip(&[folder.clone(), zipped("lib/a", "1")])), pairs(&[("a", "1")]));
    let entries = [
        ("pax_global_header", EntryType::XGlobalHeader, "12 a=bcdefg\n"),
        ("./", EntryType::Directory, ""),
        ("./lib", EntryType::Directory, ""),
        ("./lib/a", EntryType::Regular, "1"),
        ("b", EntryType::Regular, "2"),
    ];
    assert_eq!(unpacked(&tar_with(&entries)), pairs(&[("b", "2"), ("lib/a", "1")]));
    assert_eq!(unpack(&zip(&[folder]), CAPS), Err(ArchiveError::Empty));
}

#[test]
fn paths_that_leave_the_folder_or_cannot_be_are_refused_by_name() {
    let long = "x".repeat(90) + "/" + &"y".repeat(200);
    for path in ["/etc/passwd", "../x", "a/../../x", "a/./b", "a//b", "a\\b", "C:/x", "c:x", ".."] {
        for archive in archives(&[("main.c", "1"), (path, "2")]) {
            let (entry, fault) = refusal(&archive);
            assert_eq!(entry, path);
            assert!(matches!(fault, Fault::Path(_)), "{path}: {fault:?}");
        }
        let folder = tar_with(&[(path, EntryType::Directory, "")]);
        assert!(matches!(refusal(&folder).1, Fault::Path(_)), "{path}");
    }
    let (entry, fault) = refusal(&zip(&[zipped(&long, "")]));
    assert!(matches!(fault, Fault::Path(_)));
    assert_eq!(entry.chars().count(), 121, "what is shown of a name has an end");
    assert!(matches!(refusal(&zip(&[zipped("a\0b", "")])).1, Fault::Path(_)));
    let latin = Zipped { name: b"na\xefve.c".to_vec(), ..zipped("", "") };
    assert_eq!(refusal(&zip(&[latin])), ("na\u{fffd}ve.c".to_owned(), Fault::Name));
}

#[test]
fn links_and_devices_are_refused_by_name() {
    for (mode, fault) in [(0o120_777, Fault::Link), (0o020_644, Fault::Special), (0o010_644, Fault::Special)]
    {
        let entry = Zipped { mode, ..zipped("x", "/etc/passwd") };
        assert_eq!(refusal(&zip(&[zipped("main.c", ""), entry])), ("x".to_owned(), fault));
    }
    for (kind, fault) in [
        (EntryType::Symlink, Fault::Link),
        (EntryType::Link, Fault::Link),
        (EntryType::Char, Fault::Special),
        (EntryType::Block, Fault::Special),
        (EntryType::Fifo, Fault::Special),
    ] {
        let archive = tar_with(&[("main.c", EntryType::Regular, ""), ("x", kind, "")]);
        assert_eq!(refusal(&archive), ("x".to_owned(), fault.clone()), "{kind:?}");
        assert_eq!(refusal(&gzip(&archive)), ("x".to_owned(), fault), "{kind:?}");
    }
}

#[test]
fn names_that_exclude_each_other_are_refused() {
    for (files, fault) in [
        ([("a", "1"), ("a", "2")], Fault::Twice),
        ([("a", "1"), ("./a", "2")], Fault::Twice),
        ([("a", "1"), ("a/b", "2")], Fault::FileAndFolder),
        ([("a/b", "1"), ("a", "2")], Fault::FileAndFolder),
    ] {
        for archive in archives(&files) {
            assert_eq!(refusal(&archive), (files[1].0.to_owned(), fault.clone()));
        }
    }
    let folder = tar_with(&[("a", EntryType::Regular, ""), ("a", EntryType::Directory, "")]);
    assert_eq!(refusal(&folder).1, Fault::FileAndFolder);
}

#[test]
fn what_an_archive_says_of_sizes_is_not_believed() {
    let bomb = |stated| zip(&[Zipped { stated: Some(stated), ..zipped("bomb", &"0".repeat(100_000)) }]);
    assert_eq!(refusal(&bomb(10)), ("bomb".to_owned(), Fault::Size));
    assert_eq!(refusal(&bomb(200_000)), ("bomb".to_owned(), Fault::TooLarge(1000)));
    let less = Zipped { stated: Some(5), ..zipped("less", "1234") };
    assert_eq!(refusal(&zip(&[less])), ("less".to_owned(), Fault::Size));
    let damaged = Zipped { damaged: true, ..zipped("damaged", "1234") };
    assert_eq!(refusal(&zip(&[damaged])), ("damaged".to_owned(), Fault::Damaged));

    let long = "0".repeat(1001);
    let fits = [("a", &long[..600]), ("b", &long[..400])];
    for (archive, more) in archives(&fits).iter().zip(archives(&[fits[0], fits[1], ("c", "!")])) {
        assert_eq!(unpack(archive, CAPS).unwrap().len(), 2);
        assert_eq!(refusal(&more), ("c".to_owned(), Fault::TooLarge(1000)));
    }
}

#[test]
fn bytes_that_are_read_again_and_again_are_refused_by_name() {
    let content = "x".repeat(200);
    // A head has 34 bytes, 31 of them before what its length of extra bytes is counted from.
    let at = |name, elsewhere| Zipped { deflated: false, elsewhere, ..zipped(name, &content) };
    let archive = zip(&[at("a", Some(71)), at("b", Some(37)), at("c", None)]);
    assert_eq!(refusal(&archive), ("c".to_owned(), Fault::Shared));
}

#[test]
fn blocks_that_hold_nothing_are_not_read_to_their_end() {
    let nothing = [0, 0, 0, 0xff, 0xff].repeat(1000);
    let packed = [&nothing[..], b"\x01\x01\x00\xfe\xffx"].concat();
    let hollow = Zipped { packed: Some(packed), ..zipped("hollow", "x") };
    assert_eq!(refusal(&zip(&[zipped("main.c", "1"), hollow])), ("hollow".to_owned(), Fault::Hollow));

    let members = gzip(b"").repeat(10_000);
    let tar = tar(&[("a", "1")]);
    for before in [0, 512] {
        let archive = [gzip(&tar[..before]), members.clone(), gzip(&tar[before..])].concat();
        let error = unpack(&archive, CAPS).unwrap_err();
        assert_eq!(error, ArchiveError::Broken("much of the gzip unpacks to nothing"));
    }
}

#[test]
fn what_cannot_be_made_smaller_is_read() {
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b' ' + (state >> 24) as u8 % 95)
    };
    let content: String = (0..300_000).map(|_| noise()).collect();
    for archive in archives(&[("a", &content), ("b", &content[7..])]) {
        assert_eq!(unpack(&archive, Caps::of_bytes(1 << 20)).unwrap().len(), 2);
    }
}

#[test]
fn more_entries_than_may_be_are_refused_at_the_first_of_them() {
    let names: Vec<String> = (0..21).map(|number| format!("file{number:02}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    for (fits, more) in archives(&files[..20]).iter().zip(archives(&files)) {
        assert_eq!(unpack(fits, CAPS).unwrap().len(), 20);
        assert_eq!(refusal(&more), ("file20".to_owned(), Fault::TooMany(20)));
    }
}

#[test]
fn a_gzip_without_end_is_given_up() {
    // A name of a gigabyte, which a reader of tars takes in whole, in a megabyte of gzip.
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::GNULongName);
    header.set_size(1 << 30);
    header.set_cksum();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(header.as_bytes()).unwrap();
    for _ in 0..64 {
        encoder.write_all(&[b'a'; 1 << 20]).unwrap();
    }
    let error = unpack(&encoder.finish().unwrap(), CAPS).unwrap_err();
    assert!(matches!(error, ArchiveError::Broken(_)), "{error}");
}

#[test]
fn what_cannot_be_read_says_so() {
    let encrypted = Zipped { flags: 1, ..zipped("secret", "x") };
    assert_eq!(refusal(&zip(&[encrypted])), ("secret".to_owned(), Fault::Encrypted));
    let other_name = Zipped { local_name: Some("b"), ..zipped("a", "x") };
    assert!(matches!(unpack(&zip(&[other_name]), CAPS), Err(ArchiveError::Broken(_))));
    assert_eq!(unpack(b"int main() {}", CAPS), Err(ArchiveError::Unknown));
    assert_eq!(unpack(b"", CAPS), Err(ArchiveError::Unknown));
    assert!(matches!(unpack(&gzip(b"int main() {}"), CAPS), Err(ArchiveError::Broken(_))));
    let error = unpack(&zip(&[Zipped { mode: 0o120_777, ..zipped("a\u{1b}[2J", "x") }]), CAPS).unwrap_err();
    assert_eq!(error.to_string(), "\"a\\u{1b}[2J\" in the archive is a link: put the file itself there");
}

fn names() -> impl Strategy<Value = Vec<(String, String)>> {
    let file = ("[a-c]{1,2}(/[a-c]{1,2}){0,2}", "[ -~]{0,20}");
    prop::collection::btree_map(file.0, file.1, 1..8).prop_map(|files| files.into_iter().collect())
}

proptest! {
    #[test]
    fn whatever_comes_out_can_be_a_program(files in names(), at in 0_usize..2000, byte: u8, cut in 0_usize..2000) {
        let files: Vec<(&str, &str)> = files.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect();
        for mut archive in archives(&files) {
            if let Some(place) = archive.get_mut(at) {
                *place = byte;
            }
            archive.truncate(archive.len().max(1) - cut.min(archive.len()) / 20);
            if let Ok(files) = unpack(&archive, CAPS) {
                let spec = crate::JobSpec { language: "c".into(), files, ..Default::default() };
                prop_assert_eq!(spec.validate(), Ok(()));
                prop_assert!(spec.content_bytes() <= CAPS.bytes && spec.files.len() <= CAPS.entries);
            }
        }
    }

    #[test]
    fn all_archives_of_the_same_files_hold_the_same(files in names()) {
        let files: Vec<(&str, &str)> = files.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect();
        let [zip, tar, gzip] = archives(&files).map(|archive| unpack(&archive, CAPS));
        prop_assert_eq!(&zip, &tar);
        prop_assert_eq!(&tar, &gzip);
        if let Ok(unpacked) = zip {
            prop_assert_eq!(unpacked.len(), files.len());
        }
    }
}
