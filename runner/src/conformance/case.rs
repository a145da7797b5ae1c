//! One program of a language that proves something, and how it has to end: read from the head of its source
//! (tests/programs/languages, or a folder beside the operator's own languages). Pure but for [`of_folder`].

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use protocol::{Content, JobSpec, LimitsRequest, SourceFile, Verdict};
use rust_embed::RustEmbed;
use serde::Deserialize;

use crate::head;
use crate::languages::Language;

#[derive(RustEmbed)]
#[folder = "../tests/programs/languages"]
struct Embedded;

/// What every language that comes with the runner has to prove.
pub const EXPECTED: [&str; 9] =
    ["hello", "stdin", "args", "utf8", "error", "exit", "cpu", "memory", "output"];

/// One program.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What it proves: its file's name up to the first dot.
    pub name: String,
    /// The job that it is.
    pub spec: JobSpec,
    /// How that has to end.
    pub expected: Expected,
}

/// How a program has to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The job's verdict.
    pub verdict: Verdict,
    /// The run's exit code, where that matters.
    pub exit_code: Option<i32>,
    /// Standard output, to the byte.
    pub stdout: Option<String>,
    /// What has to stand in what it, or its compiler, wrote to either output.
    pub says: Option<String>,
}

/// A program that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// Its head lacks something.
    #[error("{file}: {source}")]
    Head {
        /// Which.
        file: String,
        /// What.
        source: toml::de::Error,
    },
    /// The folder or a file in it cannot be read.
    #[error("languages_dir: {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The head, as it stands in the source.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    #[serde(default = "ok")]
    verdict: Verdict,
    exit_code: Option<i32>,
    stdout: Option<String>,
    says: Option<String>,
    stdin: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    compile_args: Vec<String>,
    #[serde(default)]
    limits: LimitsRequest,
    /// What the file is called in the job, where its own name would not do.
    path: Option<String>,
    /// Further files by their paths.
    #[serde(default)]
    files: BTreeMap<String, Content>,
}

fn ok() -> Verdict {
    Verdict::Ok
}

/// The programs of a language, in alphabetical order: those that come with the runner, and those in a folder of
/// the operator's.
///
/// # Errors
/// [`CaseError`].
pub fn of_language(language: &Language, folder: Option<&Path>) -> Result<Vec<Case>, CaseError> {
    let folder = folder.map(|folder| folder.join(language.programs())).filter(|folder| folder.is_dir());
    let mut sources = embedded(language.programs());
    sources.extend(folder.map_or_else(|| Ok(Vec::new()), |folder| of_folder(&folder))?);
    let mut cases = Vec::new();
    for (file, source) in sources {
        cases.push(parse(&file, &source, &language.id)?);
    }
    cases.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(cases)
}

fn embedded(id: &str) -> Vec<(String, String)> {
    let beginning = format!("{id}/");
    let names: Vec<_> = Embedded::iter().filter(|name| name.starts_with(&beginning)).collect();
    let sources = names.iter().filter_map(|name| Some((name, Embedded::get(name)?)));
    let text = |(name, file): (&std::borrow::Cow<'_, str>, rust_embed::EmbeddedFile)| {
        let name = name.strip_prefix(&beginning).unwrap_or(name);
        (name.to_owned(), String::from_utf8_lossy(&file.data).into_owned())
    };
    sources.map(text).collect()
}

fn of_folder(folder: &Path) -> Result<Vec<(String, String)>, CaseError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| CaseError::Read { path, source }
    };
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        if path.is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            sources.push((name, std::fs::read_to_string(&path).map_err(failed(&path))?));
        }
    }
    Ok(sources)
}

/// Reads one program.
fn parse(file: &str, source: &str, language: &str) -> Result<Case, CaseError> {
    let head: Head = toml::from_str(&head::read(source))
        .map_err(|source| CaseError::Head { file: format!("{language}/{file}"), source })?;
    let path = head.path.unwrap_or_else(|| file.to_owned());
    let mut files = vec![SourceFile { path, content: source.into() }];
    files.extend(head.files.into_iter().map(|(path, content)| SourceFile { path, content }));
    Ok(Case {
        name: file.split('.').next().unwrap_or(file).to_owned(),
        spec: JobSpec {
            language: language.to_owned(),
            files,
            args: head.args,
            compile_args: head.compile_args,
            stdin: head.stdin.map(|text| Content::from(text.as_str())),
            limits: head.limits,
            ..JobSpec::default()
        },
        expected: Expected {
            verdict: head.verdict,
            exit_code: head.exit_code,
            stdout: head.stdout,
            says: head.says,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_that_comes_with_the_runner_proves_all_that_is_expected() {
        for language in crate::languages::built_in().unwrap() {
            let cases = of_language(&language, None).unwrap();
            for name in EXPECTED {
                assert!(cases.iter().any(|case| case.name == name), "{} lacks {name}", language.id);
            }
            for case in cases {
                case.spec.validate().unwrap_or_else(|error| panic!("{}/{}: {error}", language.id, case.name));
                let Expected { verdict, exit_code, stdout, says } = case.expected;
                let plain = verdict == Verdict::Ok && exit_code.is_none() && stdout.is_none();
                assert!(!plain || says.is_some(), "{}/{} proves nothing", language.id, case.name);
            }
        }
    }

    #[test]
    fn an_operators_programs_come_on_top() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("python")).unwrap();
        let file = folder.path().join("python/own.py");
        std::fs::write(&file, "#= stdout = \"1\\n\"\n#= path = \"a/own.py\"\nprint(1)\n").unwrap();
        let languages = crate::languages::built_in().unwrap();
        let cases = of_language(&languages[0], Some(folder.path())).unwrap();
        let own = cases.iter().find(|case| case.name == "own").unwrap();
        assert_eq!(
            (own.expected.stdout.as_deref(), own.spec.files[0].path.as_str()),
            (Some("1\n"), "a/own.py")
        );
        assert_eq!(cases.len(), of_language(&languages[0], None).unwrap().len() + 1);

        std::fs::write(&file, "#= colour = 1\n").unwrap();
        let error = of_language(&languages[0], Some(folder.path())).unwrap_err().to_string();
        assert!(error.starts_with("python/own.py: ") && error.contains("colour"), "{error}");
    }
}
