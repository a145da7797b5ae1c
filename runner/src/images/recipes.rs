//! What images are made from: Dockerfiles and the files they copy, embedded in the binary or read from a folder.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use crate::digest;

const DOCKERFILE: &str = ".Dockerfile";

/// How a file of languages ends, which an operator has beside the recipes.
const LANGUAGES: &str = ".toml";

#[derive(RustEmbed)]
#[folder = "images"]
struct Embedded;

/// Recipes of the operator's that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecipesError {
    /// Their folder cannot be read.
    #[error("languages_dir: cannot read the Dockerfiles in {}", path.display())]
    Read {
        /// Which folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// One describes an image that comes with the runner.
    #[error("languages_dir: {}: the runner has an image `{name}` of its own: call this one otherwise", path.display())]
    Taken {
        /// Which file.
        path: PathBuf,
        /// The image's name.
        name: String,
    },
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

    /// Those, and the operator's: each `NAME.Dockerfile` in a folder, and the other files there that are called
    /// `NAME.…`; not the languages themselves, whose change makes no other image.
    ///
    /// # Errors
    /// [`RecipesError`].
    pub fn load(folder: Option<&Path>) -> Result<Self, RecipesError> {
        let mut all = Self::embedded();
        let Some(folder) = folder else { return Ok(all) };
        let files = read_files(folder);
        let files = files.map_err(|source| RecipesError::Read { path: folder.to_owned(), source })?;
        let own = Self { files };
        if let Some(name) = own.names().find(|name| all.contains(name)) {
            return Err(RecipesError::Taken { path: folder.join(dockerfile(name)), name: name.to_owned() });
        }
        let beginnings: Vec<String> = own.names().map(|name| format!("{name}.")).collect();
        let of_an_image = |path: &str| {
            !path.ends_with(LANGUAGES) && beginnings.iter().any(|beginning| path.starts_with(beginning))
        };
        all.files.extend(own.files.into_iter().filter(|(path, _)| of_an_image(path)));
        Ok(all)
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
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
        assert_eq!(embedded.files, read_files(&folder).unwrap());
        for language in crate::languages::built_in().unwrap() {
            assert!(embedded.contains(&language.image), "{} of {}", language.image, language.id);
        }
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
    fn an_operators_image_is_made_from_its_own_files_and_the_shared_ones() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("zig.Dockerfile", "FROM x");
        write("zig.toml", "[[language]]");
        write("zig.extra", "1");
        write("README", "not for images");
        let recipes = Recipes::load(Some(folder.path())).unwrap();
        let paths: Vec<String> =
            paths_in(&recipes.context("zig").unwrap()).into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["prepare", "zig.Dockerfile", "zig.extra"]);
        assert_eq!(recipes.fingerprint("gcc", "base"), Recipes::embedded().fingerprint("gcc", "base"));
        write("gcc.Dockerfile", "FROM x");
        let error = Recipes::load(Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains("gcc.Dockerfile") && error.contains("otherwise"), "{error}");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = Recipes::load(Some(Path::new("/nonexistent/images"))).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/images"));
    }
}
