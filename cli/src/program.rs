//! A program that is to be sent: files that were named, a folder, or an archive.

use std::path::{Path, PathBuf};

use protocol::archive::{self, ArchiveError, Caps};
use protocol::{MAX_FILES, SourceFile};

use crate::bar::ReadingBar;
use crate::failure::{Failure, FileFault};
use crate::folder::{self, Found, Listing};
use crate::source::{self, MAX_FILE_BYTES};

/// How the names of archives end.
const ARCHIVES: [&str; 4] = [".zip", ".tar", ".tar.gz", ".tgz"];

/// What is to be sent of a program.
#[derive(Debug)]
pub struct Program {
    /// Its files.
    pub files: Vec<SourceFile>,
    /// The one to start from, where it was said.
    pub main: Option<String>,
    /// Whether each file was named, so that their order means something.
    pub named: bool,
    /// Links in its folder that were not followed.
    pub links: Vec<PathBuf>,
}

/// Reads what was named.
///
/// # Errors
/// Where a file cannot be read, is too large, or what was named does not go together.
pub fn load(paths: &[PathBuf], main: Option<&Path>) -> Result<Program, Failure> {
    let current = std::env::current_dir().map_err(Failure::Startup)?;
    match paths {
        [folder] if folder.is_dir() => from_folder(folder, main, &current),
        [archive] if is_archive(archive) => from_archive(archive, main),
        _ => from_files(paths, main, &current),
    }
}

fn from_files(paths: &[PathBuf], main: Option<&Path>, current: &Path) -> Result<Program, Failure> {
    // An archive beside files is one of them, and the program's own business.
    let only_archives = paths.iter().all(|path| is_archive(path));
    if let Some(odd) = paths.iter().find(|path| only_archives || (path.is_dir() && paths.len() > 1)) {
        return Err(Failure::Mixed(odd.clone()));
    }
    let names = source::names(paths, current)?;
    let main = main.map(|main| source::main_name(main, paths, &names, current)).transpose()?;
    let file = |(path, given): (String, &PathBuf)| {
        source::read(given).map(|content| SourceFile { path, content: content.into() })
    };
    let files = names.into_iter().zip(paths).map(file).collect::<Result<_, _>>()?;
    Ok(Program { files, main, named: true, links: Vec::new() })
}

fn from_folder(folder: &Path, main: Option<&Path>, current: &Path) -> Result<Program, Failure> {
    let Listing { files: found, links } = folder::list(folder)?;
    if found.is_empty() {
        return Err(Failure::NoFiles(folder.to_owned()));
    }
    if found.len() > MAX_FILES {
        return Err(Failure::TooManyFiles(folder.to_owned()));
    }
    refuse_too_large(folder, &found, MAX_FILE_BYTES)?;
    let (paths, names): (Vec<PathBuf>, Vec<String>) =
        found.into_iter().map(|file| (file.path, file.name)).unzip();
    let main = main.map(|main| source::main_name(main, &paths, &names, current)).transpose()?;
    let (mut files, mut bar) = (Vec::new(), ReadingBar::new());
    for (path, file) in names.into_iter().zip(&paths) {
        files.push(SourceFile { path, content: source::read(file)?.into() });
        bar.read(files.len());
    }
    Ok(Program { files, main, named: false, links })
}

fn from_archive(path: &Path, main: Option<&Path>) -> Result<Program, Failure> {
    let archive = source::read(path)?;
    let wrong = |error: ArchiveError| Failure::Archive(path.to_owned(), error);
    let files = archive::unpack(&archive, Caps::of_bytes(MAX_FILE_BYTES)).map_err(wrong)?;
    let named = |main: &Path| files.iter().find(|file| Path::new(&file.path) == main);
    let main = match main {
        None => None,
        Some(main) => {
            let file = named(main).ok_or_else(|| Failure::MainNotSent(main.to_owned()))?;
            Some(file.path.clone())
        }
    };
    Ok(Program { files, main, named: false, links: Vec::new() })
}

/// Whether a file's name is that of an archive.
fn is_archive(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_ascii_lowercase();
    ARCHIVES.iter().any(|end| name.ends_with(end))
}

/// More than could be sent is not even read.
fn refuse_too_large(folder: &Path, files: &[Found], most: u64) -> Result<(), Failure> {
    let all = files.iter().map(|file| file.size).sum::<u64>();
    match files.iter().max_by_key(|file| file.size) {
        Some(largest) if all > most => {
            let fault =
                FileFault::TooLargeTogether { all, largest: largest.path.clone(), size: largest.size };
            Err(Failure::File(folder.to_owned(), fault))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_too_large_together_names_the_largest() {
        let found = |name: &str, size| Found { name: name.into(), path: name.into(), size };
        let files = [found("a", 4), found("b", 6)];
        assert!(refuse_too_large(Path::new("p"), &files, 10).is_ok());
        let Err(Failure::File(_, FileFault::TooLargeTogether { all, largest, size })) =
            refuse_too_large(Path::new("p"), &files, 9)
        else {
            panic!("it is too large")
        };
        assert_eq!((all, largest, size), (10, PathBuf::from("b"), 6));
    }

    #[test]
    fn folders_and_archives_come_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("main.c");
        fs::write(&file, "").unwrap();
        let both = [folder.path().to_owned(), file];
        assert!(matches!(load(&both, None), Err(Failure::Mixed(path)) if path == both[0]));
        let archives = [PathBuf::from("a.zip"), PathBuf::from("b.tar.gz")];
        assert!(matches!(load(&archives, None), Err(Failure::Mixed(_))));
        let beside = [both[1].clone(), folder.path().join("data.zip")];
        fs::write(&beside[1], "no archive").unwrap();
        assert_eq!(load(&beside, None).unwrap().files.len(), 2, "it is the program's own business");
        assert!(matches!(load(&beside[1..], None), Err(Failure::Archive(_, ArchiveError::Unknown))));
    }

    #[test]
    fn the_main_file_of_a_folder_is_named_from_here_or_from_there() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/go.py"), "").unwrap();
        let main = |main: &Path| load(&[folder.path().to_owned()], Some(main)).map(|program| program.main);
        assert_eq!(main(Path::new("src/go.py")).unwrap().as_deref(), Some("src/go.py"));
        assert_eq!(main(&folder.path().join("src/go.py")).unwrap().as_deref(), Some("src/go.py"));
        assert!(matches!(main(Path::new("go.py")), Err(Failure::MainNotSent(_))));
    }
}
