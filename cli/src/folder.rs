//! The files in a folder, by their names below it.

use std::fs;
use std::path::{Path, PathBuf};

use protocol::MAX_FILES;

use crate::bar::ReadingBar;
use crate::failure::{Failure, FileFault};

/// A file in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name below the folder, with `/` between names.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// How many bytes it has.
    pub size: u64,
}

/// What is in a folder.
#[derive(Debug, Default)]
pub struct Listing {
    /// Its files, by their names.
    pub files: Vec<Found>,
    /// Links that lead out of it, or to folders: they are not followed.
    pub links: Vec<PathBuf>,
}

/// All plain files in a folder and the folders in it, without those that are hidden.
///
/// # Errors
/// Where something in it cannot be looked at, has a name that is not UTF-8, or there are too many files.
pub fn list(folder: &Path) -> Result<Listing, Failure> {
    let at = |path: &Path, error| Failure::File(path.to_owned(), FileFault::Unreadable(error));
    let root = fs::canonicalize(folder).map_err(|error| at(folder, error))?;
    let (mut listing, mut bar) = (Listing::default(), ReadingBar::new());
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| at(&folder, error))? {
            let entry = entry.map_err(|error| at(&folder, error))?;
            let path = entry.path();
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let Some(name) = name.to_str() else { return Err(Failure::File(path, FileFault::Name)) };
            let name = format!("{prefix}{name}");
            let kind = entry.file_type().map_err(|error| at(&path, error))?;
            if kind.is_dir() {
                folders.push((path, format!("{name}/")));
            } else if kind.is_symlink() && !stays_inside(&path, &root) {
                listing.links.push(path);
            } else if kind.is_file() || kind.is_symlink() {
                let size = fs::metadata(&path).map_err(|error| at(&path, error))?.len();
                listing.files.push(Found { name, path, size });
                bar.read(listing.files.len());
            }
            if listing.files.len() > 2 * MAX_FILES {
                return Err(Failure::TooManyFiles(folder));
            }
        }
    }
    listing.files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(listing)
}

/// Whether a link leads to a plain file in the folder.
fn stays_inside(link: &Path, root: &Path) -> bool {
    fs::canonicalize(link).is_ok_and(|target| target.starts_with(root) && target.is_file())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn plain_files_are_found_and_no_link_leads_out() {
        let outside = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(outside.path().join("secret"), "x").unwrap();
        for name in ["lib/deep", ".git"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        for name in ["main.c", "lib/a.c", "lib/deep/b.c", ".hidden", ".git/config"] {
            fs::write(at(name), name).unwrap();
        }
        symlink(outside.path().join("secret"), at("secret")).unwrap();
        symlink(outside.path(), at("out")).unwrap();
        symlink("..", at("lib/loop")).unwrap();
        symlink("../main.c", at("lib/same.c")).unwrap();
        symlink("nothing", at("broken")).unwrap();
        nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();

        let listing = list(folder.path()).unwrap();
        let names: Vec<&str> = listing.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["lib/a.c", "lib/deep/b.c", "lib/same.c", "main.c"]);
        assert_eq!(listing.files[2].size, 6);
        assert_eq!(listing.links.len(), 4, "{:?}", listing.links);
    }
}
