//! What images are made from: Dockerfiles and the files they copy, embedded in the binary or read from a folder.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use crate::digest;

const DOCKERFILE: &str = ".Dockerfile";

#[derive(RustEmbed)]
#[folder = "images"]
struct Embedded;

/// A folder that should hold recipes cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the image recipes in {}", path.display())]
pub struct FolderError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// All recipes. `NAME.Dockerfile` describes the image NAME; other files called `NAME.…` are for that image
/// alone; whatever is left is for every image to copy from.
#[derive(Debug, Clone)]
pub struct Recipes {
    files: BTreeMap<String, Vec<u8>>,
}

impl Recipes {
    /// Those this binary was built with.
    pub fn embedded() -> Self {
        let content = |name: &str| Embedded::get(name).map(|file| file.data.into_owned());
        Self {
            files: Embedded::iter().filter_map(|name| Some((name.to_string(), content(&name)?))).collect(),
        }
    }

    /// Those in a folder of the operator's own.
    pub fn from_folder(folder: &Path) -> Result<Self, FolderError> {
        read_files(folder)
            .map(|files| Self { files })
            .map_err(|source| FolderError { path: folder.to_owned(), source })
    }

    /// The images there are recipes for, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().filter_map(|file| file.strip_suffix(DOCKERFILE))
    }

    /// Whether there is a recipe for this image.
    pub fn contains(&self, name: &str) -> bool {
        self.files.contains_key(&dockerfile(name))
    }

    /// A digest of everything that decides what is in the image: its files and its base.
    pub fn fingerprint(&self, name: &str, base_id: &str) -> String {
        let mut parts = vec![base_id.as_bytes()];
        for (path, content) in self.files_of(name) {
            parts.extend([path.as_bytes(), content]);
        }
        digest::of(parts)
    }

    /// The build context of an image, as the tar archive that Docker expects.
    pub fn context(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, content) in self.files_of(name) {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            // An embedded file has lost its mode; a script says itself that it is one.
            header.set_mode(if content.starts_with(b"#!") { 0o755 } else { 0o644 });
            archive.append_data(&mut header, path, content.as_slice())?;
        }
        archive.into_inner()
    }

    /// The files an image is made from, in a fixed order.
    fn files_of(&self, name: &str) -> impl Iterator<Item = (&String, &Vec<u8>)> {
        let own = format!("{name}.");
        let of_any: Vec<_> = self.names().map(|image| format!("{image}.")).collect();
        let shared = move |path: &str| !of_any.iter().any(|image| path.starts_with(image));
        self.files.iter().filter(move |(path, _)| path.starts_with(&own) || shared(path))
    }
}

/// The file that describes an image.
pub fn dockerfile(name: &str) -> String {
    format!("{name}{DOCKERFILE}")
}

fn read_files(folder: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.insert(entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path())?);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipes(files: &[(&str, &str)]) -> Recipes {
        let owned = |(path, content): &(&str, &str)| (path.to_string(), content.as_bytes().to_vec());
        Recipes { files: files.iter().map(owned).collect() }
    }

    fn sample() -> Recipes {
        recipes(&[
            ("a.Dockerfile", "FROM x"),
            ("a.extra", "1"),
            ("b.Dockerfile", "FROM y"),
            ("prepare", "#!/bin/sh"),
        ])
    }

    fn paths_in(archive: &[u8]) -> Vec<(String, u32)> {
        let mut archive = tar::Archive::new(archive);
        let describe = |entry: io::Result<tar::Entry<'_, &[u8]>>| {
            let entry = entry.unwrap();
            (entry.path().unwrap().display().to_string(), entry.header().mode().unwrap())
        };
        archive.entries().unwrap().map(describe).collect()
    }

    #[test]
    fn the_binary_holds_its_own_recipes() {
        let embedded = Recipes::embedded();
        for name in ["gcc", "jdk", "python"] {
            assert!(embedded.contains(name), "{name}");
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
        assert_eq!(embedded.files, Recipes::from_folder(&folder).unwrap().files);
    }

    #[test]
    fn every_embedded_recipe_takes_its_base_as_an_argument() {
        let embedded = Recipes::embedded();
        for name in embedded.names() {
            let text = String::from_utf8_lossy(&embedded.files[&dockerfile(name)]).into_owned();
            assert!(text.contains("\nARG BASE=debian:bookworm-slim\nFROM ${BASE}\n"), "{name}");
        }
    }

    #[test]
    fn a_context_holds_the_images_own_files_and_the_shared_ones() {
        let expected = [("a.Dockerfile", 0o644), ("a.extra", 0o644), ("prepare", 0o755)];
        let expected: Vec<_> = expected.map(|(path, mode)| (path.to_owned(), mode)).into();
        assert_eq!(paths_in(&sample().context("a").unwrap()), expected);
    }

    #[test]
    fn the_fingerprint_changes_with_what_goes_in_and_with_nothing_else() {
        let before = sample().fingerprint("a", "base");
        assert_eq!(before, sample().fingerprint("a", "base"));
        assert_ne!(before, sample().fingerprint("a", "another base"));
        let mut changed = sample();
        changed.files.insert("b.Dockerfile".into(), b"FROM z".to_vec());
        assert_eq!(before, changed.fingerprint("a", "base"));
        changed.files.insert("prepare".into(), b"#!/bin/sh -e".to_vec());
        assert_ne!(before, changed.fingerprint("a", "base"));
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = Recipes::from_folder(Path::new("/nonexistent/images")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/images"));
    }
}
