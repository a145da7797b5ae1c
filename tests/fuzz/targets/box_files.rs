//! What a hostile compiler leaves in its box, and what the agent makes of it from outside: files put in, and the whole
//! folder copied into the next box. Nothing may be read or written outside.

#![no_main]

use std::cell::RefCell;
use std::fs::{self, File};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use agent::files;
use agent::system::open_beneath;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::{Mode, fchmod, mkdirat};
use nix::unistd::{UnlinkatFlags, ftruncate, linkat, mkfifoat, symlinkat, unlinkat};
use tempfile::TempDir;

/// What lies outside, where links point to.
const SECRET: &[u8] = b"nobody may read this";

/// How many `..` a path may have here, so that what goes wrong goes wrong below the test's own folder.
const MAX_UPWARDS: usize = 4;

/// How many long names a path may have here: what is left in the end is looked through by its paths.
const MAX_LONG: usize = 8;

/// One name in a path.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Name {
    A,
    B,
    C,
    Up,
    Here,
    Empty,
    Long,
    TooLong,
    Nul,
}

/// Where a link points to.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Target {
    Secret,
    Outside,
    Above,
    Itself,
    Neighbour,
    Memory,
}

/// What is done to the box's folder.
#[derive(Debug, Arbitrary)]
enum Step {
    /// By the agent, for the runner.
    Put { path: Vec<Name>, append: bool, data: u8 },
    /// By the program: these in one of its own folders, the last name being what is made.
    Folder(Vec<Name>),
    Link(Vec<Name>, Target),
    Pipe(Vec<Name>),
    HardLink(Vec<Name>, Vec<Name>),
    Mode(Vec<Name>, u16),
    Hole(Vec<Name>, u16),
    Remove(Vec<Name>),
}

thread_local! {
    static PLACE: RefCell<Place> = RefCell::new(Place::new());
}

fuzz_target!(|steps: Vec<Step>| {
    PLACE.with_borrow_mut(|place| place.run(&steps));
});

/// The test's own folder: `outside/1/2/3/4/from` is the box, `outside/1/2/3/4/to` the next one.
struct Place {
    outside: PathBuf,
    deep: PathBuf,
    _folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let outside = folder.path().join("outside");
        let deep = outside.join("1/2/3/4");
        fs::create_dir_all(&deep).unwrap();
        fs::write(outside.join("secret"), SECRET).unwrap();
        Self { outside, deep, _folder: folder }
    }

    fn run(&mut self, steps: &[Step]) {
        let (from, to) = (self.deep.join("from"), self.deep.join("to"));
        for folder in [&from, &to] {
            fs::create_dir(folder).unwrap();
        }
        let (source, target) = (open(&from), open(&to));
        for step in steps.iter().take(64) {
            let _ = self.take(&source, step);
        }
        let _ = files::copy(&source, &target);
        look_through(&to);
        for folder in [&from, &to] {
            remove(folder);
        }
        self.check_outside();
    }

    fn take(&self, folder: &OwnedFd, step: &Step) -> Result<(), Errno> {
        match step {
            Step::Put { path, append, data } => {
                let target = match append {
                    true => files::Target::End,
                    false => files::Target::New { executable: data % 2 == 1 },
                };
                files::put(folder, &text(path), target, &vec![*data; usize::from(*data) * 16])
            }
            Step::Folder(path) => in_parent(folder, path, |parent, name| {
                mkdirat(parent, name, Mode::from_bits_truncate(0o755))
            }),
            Step::Link(path, target) => {
                let target = self.target(*target);
                in_parent(folder, path, |parent, name| symlinkat(&target, parent, name))
            }
            Step::Pipe(path) => {
                in_parent(folder, path, |parent, name| mkfifoat(parent, name, Mode::from_bits_truncate(0o644)))
            }
            Step::HardLink(old, new) => in_parent(folder, old, |from, old| {
                in_parent(folder, new, |to, new| linkat(from, old, to, new, AtFlags::empty()))
            }),
            Step::Mode(path, mode) => {
                fchmod(open_for(folder, path, OFlag::O_RDONLY)?, Mode::from_bits_truncate((*mode).into()))
            }
            Step::Hole(path, size) => {
                ftruncate(open_for(folder, path, OFlag::O_WRONLY)?, i64::from(*size) * 256)
            }
            Step::Remove(path) => {
                in_parent(folder, path, |parent, name| unlinkat(parent, name, UnlinkatFlags::NoRemoveDir))
            }
        }
    }

    fn target(&self, target: Target) -> PathBuf {
        match target {
            Target::Secret => self.outside.join("secret"),
            Target::Outside => self.outside.clone(),
            Target::Above => "../../../..".into(),
            Target::Itself => ".".into(),
            Target::Neighbour => "a".into(),
            Target::Memory => "/proc/self/mem".into(),
        }
    }

    /// What lies outside is as it was.
    fn check_outside(&self) {
        assert_eq!(fs::read(self.outside.join("secret")).unwrap(), SECRET);
        let mut folder = self.outside.clone();
        for (index, expected) in [&["1", "secret"][..], &["2"], &["3"], &["4"], &[]].iter().enumerate() {
            assert_eq!(names(&folder), *expected, "something was made in {}", folder.display());
            folder.push((index + 1).to_string());
        }
    }
}

/// Does what a program may do in its own folder. Links on the way are not followed: in its box they lead nowhere
/// else either.
fn in_parent(
    folder: &OwnedFd,
    path: &[Name],
    make: impl FnOnce(&OwnedFd, &str) -> Result<(), Errno>,
) -> Result<(), Errno> {
    let Some((name, above)) = path.split_last() else { return Err(Errno::ENOENT) };
    let name = text(&[*name]);
    if matches!(name.as_str(), "" | "." | "..") {
        return Err(Errno::EINVAL);
    }
    make(&open_for(folder, above, OFlag::O_RDONLY | OFlag::O_DIRECTORY)?, &name)
}

fn open_for(folder: &OwnedFd, path: &[Name], flags: OFlag) -> Result<OwnedFd, Errno> {
    let text = if path.is_empty() { ".".to_owned() } else { text(path) };
    let path = std::ffi::CString::new(text).map_err(|_| Errno::EINVAL)?;
    open_beneath(folder, &path, (flags | OFlag::O_NONBLOCK).bits(), 0)
}

fn text(path: &[Name]) -> String {
    let (mut upwards, mut long) = (0, 0);
    let names = path.iter().take(80).map(|name| match name {
        Name::A => "a",
        Name::B => "b",
        Name::C => "c",
        Name::Up => {
            upwards += 1;
            if upwards <= MAX_UPWARDS { ".." } else { "." }
        }
        Name::Here => ".",
        Name::Empty => "",
        Name::Long => {
            long += 1;
            if long <= MAX_LONG { LONG } else { "l" }
        }
        Name::TooLong => TOO_LONG,
        Name::Nul => "n\0",
    });
    // An absolute path is one the kernel refuses; a folder of the real root is nothing to try that with.
    names.collect::<Vec<_>>().join("/").trim_start_matches('/').to_owned()
}

const TOO_LONG: &str = match std::str::from_utf8(&[b'x'; 256]) {
    Ok(text) => text,
    Err(_) => panic!(),
};
const LONG: &str = TOO_LONG.split_at(255).0;

/// The next box has folders and files of its own, and nothing that was outside.
fn look_through(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        assert!(kind.is_dir() || kind.is_file(), "{} was copied", entry.path().display());
        if kind.is_dir() {
            look_through(&entry.path());
        } else if let Ok(content) = fs::read(entry.path()) {
            assert!(content != SECRET, "{} came from outside", entry.path().display());
        }
    }
}

fn open(folder: &Path) -> OwnedFd {
    File::open(folder).unwrap().as_fd().try_clone_to_owned().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// Removes a folder whatever modes are in it.
fn remove(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if fs::remove_dir_all(folder).is_ok() {
        return;
    }
    fn unlock(folder: &Path) {
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o755));
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                unlock(&entry.path());
            }
        }
    }
    unlock(folder);
    fs::remove_dir_all(folder).unwrap();
}
