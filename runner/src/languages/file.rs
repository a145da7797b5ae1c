//! Reading languages: those that come with the runner, and those in the files of an operator's folder.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Language;

/// The languages that come with the runner.
const BUILT_IN: &str = include_str!("../../languages.toml");

/// What a version beside another language does not take over from it: what tells languages apart.
const OF_ONE_ALONE: [&str; 3] = ["id", "name", "aliases"];

/// What is wrong with a languages file.
#[derive(Debug, thiserror::Error)]
pub enum LanguagesError {
    /// It is not TOML of the right shape.
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
    /// One entry is not a language.
    #[error("language {id:?}: {source}")]
    Entry {
        /// Which, as far as it says so.
        id: String,
        /// What is wrong with it.
        source: toml::de::Error,
    },
    /// A language is like one that there is none of.
    #[error("language {id:?} is like {like:?}, and no language before it is called that")]
    Unlike {
        /// Which.
        id: String,
        /// What it names.
        like: String,
    },
    /// Two languages share a name.
    #[error("two languages are called {0:?}")]
    Twice(String),
    /// The folder, or a file in it, cannot be read.
    #[error("languages_dir: {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// One of the operator's files.
    #[error("languages_dir: {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<LanguagesError>,
    },
}

/// A file of languages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LanguagesFile {
    language: Vec<toml::Table>,
}

/// Languages as they stand in files, for later ones to be like.
#[derive(Debug, Default)]
struct Reader {
    tables: Vec<toml::Table>,
    languages: Vec<Language>,
}

/// The languages that come with the runner.
///
/// # Errors
/// Where they cannot be read; a test holds that they can.
pub fn built_in() -> Result<Vec<Language>, LanguagesError> {
    parse(BUILT_IN)
}

/// The languages that come with the runner, and those in the `.toml` files of a folder of the operator's.
///
/// # Errors
/// Where a file cannot be read, or two languages share a name.
pub fn load(folder: Option<&Path>) -> Result<Vec<Language>, LanguagesError> {
    let mut reader = Reader::default();
    reader.read(BUILT_IN)?;
    for path in folder.map_or_else(|| Ok(Vec::new()), toml_files)? {
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|source| LanguagesError::Read { path: path.clone(), source })?;
        reader.read(&text).map_err(|source| LanguagesError::File { path, source: Box::new(source) })?;
    }
    Ok(reader.languages)
}

/// Reads a languages file.
///
/// # Errors
/// Where it is not one, or two of its languages share a name.
pub fn parse(text: &str) -> Result<Vec<Language>, LanguagesError> {
    let mut reader = Reader::default();
    reader.read(text)?;
    Ok(reader.languages)
}

impl Reader {
    fn read(&mut self, text: &str) -> Result<(), LanguagesError> {
        for own in toml::from_str::<LanguagesFile>(text)?.language {
            let table = self.complete(own)?;
            let language = toml::Value::Table(table.clone()).try_into();
            let failed = |source| LanguagesError::Entry { id: id(&table), source };
            self.languages.push(language.map_err(failed)?);
            self.tables.push(table);
        }
        check_names(&self.languages)
    }

    /// An entry with what it takes over from the language that it is like.
    fn complete(&self, mut own: toml::Table) -> Result<toml::Table, LanguagesError> {
        let Some(like) = own.remove("like") else { return Ok(own) };
        let like = like.as_str().map_or_else(|| like.to_string(), str::to_owned);
        let found = self.tables.iter().find(|table| id(table) == like);
        let found = found.ok_or_else(|| LanguagesError::Unlike { id: id(&own), like: like.clone() })?;
        let mut whole = found.clone();
        whole.retain(|key, _| !OF_ONE_ALONE.contains(&key));
        // Whatever the one proves, the other has to.
        whole.entry("programs").or_insert(toml::Value::String(like));
        whole.extend(own);
        Ok(whole)
    }
}

fn id(table: &toml::Table) -> String {
    table.get("id").and_then(toml::Value::as_str).unwrap_or_default().to_owned()
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, LanguagesError> {
    let entries = std::fs::read_dir(folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
    let entries = entries.map_err(|source| LanguagesError::Read { path: folder.to_owned(), source })?;
    let paths = entries.into_iter().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "toml")).collect();
    files.sort_unstable();
    Ok(files)
}

fn check_names(languages: &[Language]) -> Result<(), LanguagesError> {
    let mut names: Vec<&String> =
        languages.iter().flat_map(|language| [&language.id].into_iter().chain(&language.aliases)).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(LanguagesError::Twice(pair[0].clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHELL: &str = "[[language]]\nid = 'dash'\nname = 'Shell'\nextensions = ['sh']\nimage = 'python'\n\
                         version = ['dash']\nrun = ['sh', '{main}']\n";

    fn ids(languages: &[Language]) -> Vec<&str> {
        languages.iter().map(|language| language.id.as_str()).collect()
    }

    #[test]
    fn the_languages_that_come_with_the_runner_can_be_read() {
        let languages = built_in().unwrap();
        assert_eq!(ids(&languages)[..4], ["python", "c", "cpp", "java"], "what most people ask for is first");
        assert!(languages.len() >= 22, "{}", languages.len());
    }

    #[test]
    fn an_operators_languages_come_on_top_and_a_wrong_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shell.toml");
        std::fs::write(&file, SHELL).unwrap();
        std::fs::write(folder.path().join("README"), "not a language").unwrap();
        assert_eq!(ids(&load(Some(folder.path())).unwrap()).last(), Some(&"dash"));

        std::fs::write(&file, SHELL.replace("'dash'\nname", "'c'\nname")).unwrap();
        let error = load(Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains("shell.toml") && error.contains("two languages are called \"c\""), "{error}");
        std::fs::write(&file, "[[language]]\nid = 'dash'\n").unwrap();
        let error = load(Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains("shell.toml") && error.contains("missing field"), "{error}");
    }

    #[test]
    fn a_version_takes_over_what_it_does_not_say_itself() {
        let text = format!(
            "{SHELL}aliases = ['ash']\n[[language]]\nid = 'dash2'\nlike = 'dash'\nname = 'Shell 2'\nimage = 'two'\n"
        );
        let languages = parse(&text).unwrap();
        let second = &languages[1];
        assert_eq!((second.image.as_str(), second.name.as_str()), ("two", "Shell 2"));
        assert_eq!((&second.run, second.programs()), (&languages[0].run, "dash"));
        assert!(second.aliases.is_empty(), "a name means one language");

        let error = parse("[[language]]\nid = 'dash2'\nlike = 'dash'\n").unwrap_err().to_string();
        assert!(error.contains("dash2") && error.contains("\"dash\""), "{error}");
    }

    #[test]
    fn an_operators_language_may_be_like_one_that_comes_with_the_runner() {
        let folder = tempfile::tempdir().unwrap();
        let own =
            "[[language]]\nid = 'numpy'\nlike = 'python'\nname = 'Python with numpy'\nimage = 'numpy'\n";
        std::fs::write(folder.path().join("numpy.toml"), own).unwrap();
        let languages = load(Some(folder.path())).unwrap();
        let numpy = languages.last().unwrap();
        assert_eq!((numpy.image.as_str(), &numpy.run), ("numpy", &languages[0].run));
    }

    #[test]
    fn names_are_taken_once() {
        let two = "[[language]]\nid='a'\nname='A'\nextensions=['a']\nimage='i'\nversion=['v']\nrun=['r']\n"
            .repeat(2);
        assert!(matches!(parse(&two), Err(LanguagesError::Twice(_))));
        assert!(parse("[[language]]\nid='a'\ncolour='red'").unwrap_err().to_string().contains("colour"));
    }
}
