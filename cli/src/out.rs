//! Writing files below a folder, and nowhere else, whatever they are called and whatever lies there already: no link is
//! followed, and what is replaced is the name, never what it leads to.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};
use protocol::{JobId, check_path};

/// A folder to write to.
#[derive(Debug)]
pub struct Folder(OwnedFd);

impl Folder {
    /// Opens it, and makes it where it is not there.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        let folder = File::open(path)?;
        match folder.metadata()?.is_dir() {
            true => Ok(Self(folder.into())),
            false => Err(Errno::ENOTDIR.into()),
        }
    }

    /// A folder in it, which is made where it is not there.
    ///
    /// # Errors
    /// Where a link or a file is in its place, or the system's.
    pub fn inner(&self, name: &str) -> io::Result<Self> {
        check(name)?;
        self.enter(name).map(Self)
    }

    /// Writes a file whole, in place of one that is there.
    ///
    /// # Errors
    /// Where its path leads out of the folder or through a link, a folder is in its place, or the system's.
    pub fn write(&self, path: &str, content: &[u8]) -> io::Result<()> {
        check(path)?;
        match path.rsplit_once('/') {
            None => write_in(&self.0, path, content),
            Some((above, name)) => write_in(&self.enter(above)?, name, content),
        }
    }

    /// Makes folders in each other, as far as they are not there, and opens the last one.
    fn enter(&self, path: &str) -> io::Result<OwnedFd> {
        let mut folder = self.0.try_clone()?;
        for name in path.split('/') {
            match mkdirat(&folder, name, Mode::from_bits_truncate(0o777)) {
                Ok(()) | Err(Errno::EEXIST) => {}
                Err(errno) => return Err(errno.into()),
            }
            let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            folder = openat(&folder, name, flags, Mode::empty())?;
        }
        Ok(folder)
    }
}

/// A path that stays below where it begins, and can be shown.
fn check(path: &str) -> io::Result<()> {
    check_path(path).map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
    match path.contains(char::is_control) {
        true => Err(io::Error::new(io::ErrorKind::InvalidInput, "its name has control characters")),
        false => Ok(()),
    }
}

/// A new file takes the name once it is whole: an old one may be a link, or have other names elsewhere.
fn write_in(folder: &OwnedFd, name: &str, content: &[u8]) -> io::Result<()> {
    let new = format!(".ruche-{}", JobId::random());
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut file = File::from(openat(folder, new.as_str(), flags, Mode::from_bits_truncate(0o666))?);
    let written = file.write_all(content);
    let placed = written.and_then(|()| Ok(renameat(folder, new.as_str(), folder, name)?));
    if placed.is_err() {
        // There is nothing more to be done about it.
        let _ = unlinkat(folder.as_fd(), new.as_str(), UnlinkatFlags::NoRemoveDir);
    }
    placed
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_written_and_replaced_whole() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("not/there");
        let folder = Folder::open(&out).unwrap();
        folder.write("a", b"longer").unwrap();
        folder.write("a", b"new").unwrap();
        folder.write("d/e/f.png", b"png").unwrap();
        assert_eq!(fs::read(out.join("a")).unwrap(), b"new");
        assert_eq!(fs::read(out.join("d/e/f.png")).unwrap(), b"png");
        assert_eq!(names(&out), ["a", "d"]);
    }

    #[test]
    fn a_path_that_may_be_may_be_in_an_inner_folder() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(place.path()).unwrap();
        let longest = format!("{}/{}", "d".repeat(127), "f".repeat(127));
        folder.inner("run-0").unwrap().write(&longest, b"x").unwrap();
        assert_eq!(fs::read(place.path().join("run-0").join(longest)).unwrap(), b"x");
        symlink("/tmp", place.path().join("link")).unwrap();
        for name in ["..", "/tmp", "link"] {
            assert!(folder.inner(name).is_err(), "{name}");
        }
    }

    #[test]
    fn nothing_is_written_outside() {
        let place = tempfile::tempdir().unwrap();
        let outside = place.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("precious"), "precious").unwrap();
        let out = place.path().join("out");
        let folder = Folder::open(&out).unwrap();
        symlink(&outside, out.join("folder")).unwrap();
        symlink(outside.join("precious"), out.join("link")).unwrap();
        fs::hard_link(outside.join("precious"), out.join("hard")).unwrap();
        fs::create_dir(out.join("taken")).unwrap();
        let long = "x".repeat(300);
        for path in
            ["../x", "/etc/x", "a/../../x", "", "a\u{1b}[2J", "folder/x", "link/x", "taken", "hard/x", &long]
        {
            assert!(folder.write(path, b"x").is_err(), "{path:?}");
        }
        folder.write("link", b"x").unwrap();
        folder.write("hard", b"x").unwrap();
        assert_eq!(fs::read(outside.join("precious")).unwrap(), b"precious");
        assert_eq!(names(&outside), ["precious"]);
        assert_eq!(names(&out), ["folder", "hard", "link", "taken"], "nothing half done is left");
    }
}
