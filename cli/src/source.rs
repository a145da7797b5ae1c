//! The files of a program: what they are called in the job, and what is in them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;

use crate::failure::{Failure, FileFault};

/// The largest file that is read into memory to be sent. A controller takes less, and says how much.
pub const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// The names by which files travel: relative to the folder that holds them all, so that neither an absolute
/// path nor `..` reaches the cluster.
pub fn names(paths: &[PathBuf], current: &Path) -> Result<Vec<String>, Failure> {
    let absolute: Vec<PathBuf> = paths.iter().map(|path| normal(&current.join(path))).collect();
    let common = common_folder(&absolute);
    let name = |(path, given): (&PathBuf, &PathBuf)| {
        let relative = path.strip_prefix(&common).unwrap_or(path);
        match relative.to_str() {
            Some(_) if path.parent().is_none() => Err(Failure::File(given.clone(), FileFault::Folder)),
            Some(name) => Ok(name.to_owned()),
            None => Err(Failure::File(given.clone(), FileFault::Name)),
        }
    };
    absolute.iter().zip(paths).map(name).collect()
}

/// The path without `.` and `..`, by its text alone: a link keeps the name that the user gave it.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

fn common_folder(files: &[PathBuf]) -> PathBuf {
    let mut folders = files.iter().filter_map(|file| file.parent());
    let mut common = folders.next().unwrap_or(Path::new("")).to_owned();
    for folder in folders {
        while !folder.starts_with(&common) && common.pop() {}
    }
    common
}

/// The name in the job of the file that `--main` means: written as the file was, or as it travels.
pub fn main_name(
    main: &Path,
    paths: &[PathBuf],
    names: &[String],
    current: &Path,
) -> Result<String, Failure> {
    let wanted = normal(&current.join(main));
    let by_path = paths.iter().position(|path| normal(&current.join(path)) == wanted);
    let by_name = || names.iter().position(|name| Path::new(name) == main);
    let index = by_path.or_else(by_name).ok_or_else(|| Failure::MainNotSent(main.to_owned()))?;
    Ok(names[index].clone())
}

/// Reads a file whole.
pub fn read(path: &Path) -> Result<Bytes, Failure> {
    read_up_to(path, MAX_FILE_BYTES).map_err(|fault| Failure::File(path.to_owned(), fault))
}

fn read_up_to(path: &Path, most: u64) -> Result<Bytes, FileFault> {
    let file = File::open(path).map_err(fault)?;
    let metadata = file.metadata().map_err(fault)?;
    if metadata.is_dir() {
        return Err(FileFault::Folder);
    }
    if metadata.len() > most {
        return Err(FileFault::TooLarge(metadata.len()));
    }
    let mut content = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    // A pipe or a device says nothing about its size beforehand.
    file.take(most + 1).read_to_end(&mut content).map_err(fault)?;
    match content.len() as u64 {
        size if size > most => Err(FileFault::TooLarge(size)),
        _ => Ok(content.into()),
    }
}

fn fault(error: io::Error) -> FileFault {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FileFault::Missing,
        io::ErrorKind::IsADirectory => FileFault::Folder,
        _ => FileFault::Unreadable(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(paths: &[&str]) -> Vec<String> {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        names(&paths, Path::new("/home/ada/work")).unwrap()
    }

    #[test]
    fn files_travel_by_their_name_below_the_folder_that_holds_them_all() {
        assert_eq!(sent(&["main.c"]), ["main.c"]);
        assert_eq!(sent(&["./main.c", "lib/util.c"]), ["main.c", "lib/util.c"]);
        assert_eq!(sent(&["src/main.c", "src/lib/util.c"]), ["main.c", "lib/util.c"]);
        assert_eq!(sent(&["src/a/x.c", "src/b/y.c"]), ["a/x.c", "b/y.c"]);
        assert_eq!(sent(&["../main.c", "util.c"]), ["main.c", "work/util.c"]);
        assert_eq!(sent(&["../../../../main.c"]), ["main.c"]);
        assert_eq!(sent(&["/tmp/x/main.c", "/tmp/y.c"]), ["x/main.c", "y.c"]);
        assert_eq!(sent(&["/tmp/main.c", "util.c"]), ["tmp/main.c", "home/ada/work/util.c"]);
    }

    #[test]
    fn a_folder_whose_name_begins_alike_is_another_folder() {
        assert_eq!(sent(&["lib/a.c", "library/b.c"]), ["lib/a.c", "library/b.c"]);
    }

    #[test]
    fn the_root_is_no_file() {
        assert!(names(&[PathBuf::from("/")], Path::new("/home")).is_err());
    }

    #[test]
    fn the_main_file_is_found_by_its_path_and_by_its_name_in_the_job() {
        let paths = [PathBuf::from("src/main.py"), PathBuf::from("src/lib/util.py")];
        let names = names(&paths, Path::new("/w")).unwrap();
        let main = |path: &str| main_name(Path::new(path), &paths, &names, Path::new("/w"));
        assert_eq!(main("./src/main.py").unwrap(), "main.py");
        assert_eq!(main("lib/util.py").unwrap(), "lib/util.py");
        assert!(main("other.py").is_err());
    }

    #[test]
    fn a_file_that_cannot_be_sent_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "12345").unwrap();
        assert_eq!(read_up_to(&file, 5).unwrap(), "12345");
        assert!(matches!(read_up_to(&file, 4), Err(FileFault::TooLarge(5))));
        assert!(matches!(read_up_to(Path::new("/dev/zero"), 4), Err(FileFault::TooLarge(5))));
        assert!(matches!(read(folder.path()), Err(Failure::File(_, FileFault::Folder))));
        assert!(matches!(read(&folder.path().join("none")), Err(Failure::File(_, FileFault::Missing))));
        assert!(matches!(read(&file.join("below")), Err(Failure::File(_, FileFault::Missing))));
    }
}
