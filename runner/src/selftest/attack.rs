//! A hostile program: what it tries, and how that has to end. Read from the comment at the head of its source,
//! so that a program and what is expected of it are one file (tests/programs/hostile). Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::{Content, Flag, JobSpec, LimitsRequest, SourceFile, Verdict};
use rust_embed::RustEmbed;
use serde::Deserialize;

use crate::head;
use crate::languages::Language;

#[derive(RustEmbed)]
#[folder = "../tests/programs/hostile"]
struct Embedded;

/// One hostile program.
#[derive(Debug, Clone, PartialEq)]
pub struct Attack {
    /// Its file's name, without the extension.
    pub name: String,
    /// What it tries, in a sentence.
    pub purpose: String,
    /// The job that it is.
    pub spec: JobSpec,
    /// How that has to end.
    pub expected: Expected,
}

/// How an attack has to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The job's verdict: one of these.
    pub verdicts: Vec<Verdict>,
    /// The compilation's verdict: one of these; any where there are none.
    pub compile: Vec<Verdict>,
    /// What the run's flags have to contain.
    pub flags: Vec<Flag>,
    /// Standard output, but for white space at its end.
    pub stdout: Option<String>,
    /// The most time from the verdict until the sandbox stands ready for the next job.
    pub recovery: Duration,
}

/// A program whose head is wrong. That those of the runner are right is held by a test.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {why}")]
pub struct HeadError {
    file: String,
    why: String,
}

/// The head, as it stands in the source.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    attack: String,
    verdict: OneOrMore,
    #[serde(default)]
    compile: OneOrMore,
    #[serde(default)]
    limits: LimitsRequest,
    #[serde(default)]
    flags: Vec<Flag>,
    stdout: Option<String>,
    #[serde(default)]
    stdin_bytes: usize,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    compile_args: Vec<String>,
    /// Further files by their paths: a text, or `{ base64 = "…" }`.
    #[serde(default)]
    files: BTreeMap<String, Content>,
    #[serde(default = "one_second")]
    recovery_ms: u64,
}

fn one_second() -> u64 {
    1000
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(Verdict),
    More(Vec<Verdict>),
}

impl Default for OneOrMore {
    fn default() -> Self {
        Self::More(Vec::new())
    }
}

impl From<OneOrMore> for Vec<Verdict> {
    fn from(verdicts: OneOrMore) -> Self {
        match verdicts {
            OneOrMore::One(verdict) => vec![verdict],
            OneOrMore::More(verdicts) => verdicts,
        }
    }
}

/// The hostile programs that come with the runner, in alphabetical order.
///
/// # Errors
/// [`HeadError`]; never, as a test holds.
pub fn built_in() -> Result<Vec<Attack>, HeadError> {
    let languages = crate::languages::built_in();
    let languages =
        languages.map_err(|error| HeadError { file: "languages.toml".into(), why: error.to_string() })?;
    let mut names: Vec<_> = Embedded::iter().collect();
    names.sort_unstable();
    let sources = names.iter().filter_map(|name| Some((name, Embedded::get(name)?)));
    sources.map(|(name, file)| parse(name, &String::from_utf8_lossy(&file.data), &languages)).collect()
}

/// Reads one program.
///
/// # Errors
/// [`HeadError`], where its head lacks something or its language is unknown.
fn parse(file: &str, source: &str, languages: &[Language]) -> Result<Attack, HeadError> {
    let failed = |why: String| HeadError { file: file.to_owned(), why };
    let (name, extension) = file.rsplit_once('.').ok_or_else(|| failed("no extension".to_owned()))?;
    let speaks = |language: &&Language| language.extensions.iter().any(|own| own == extension);
    let language = languages.iter().find(speaks);
    let language = language.ok_or_else(|| failed(format!("no language for .{extension}")))?;
    let head: Head = toml::from_str(&head::read(source)).map_err(|error| failed(error.to_string()))?;
    let mut files = vec![SourceFile { path: file.to_owned(), content: source.into() }];
    files.extend(head.files.into_iter().map(|(path, content)| SourceFile { path, content }));
    Ok(Attack {
        name: name.to_owned(),
        purpose: head.attack,
        spec: JobSpec {
            language: language.id.clone(),
            files,
            main: Some(file.to_owned()),
            args: head.args,
            compile_args: head.compile_args,
            stdin: (head.stdin_bytes > 0).then(|| Content::Inline(input(head.stdin_bytes).into())),
            limits: head.limits,
            ..JobSpec::default()
        },
        expected: Expected {
            verdicts: head.verdict.into(),
            compile: head.compile.into(),
            flags: head.flags,
            stdout: head.stdout,
            recovery: Duration::from_millis(head.recovery_ms),
        },
    })
}

/// So many bytes of short lines.
fn input(bytes: usize) -> Vec<u8> {
    let line = [[b'x'; 63].as_slice(), b"\n"].concat();
    line.into_iter().cycle().take(bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn languages() -> Vec<Language> {
        crate::languages::built_in().unwrap()
    }

    #[test]
    fn every_program_that_comes_with_the_runner_says_what_is_expected_of_it() {
        let attacks = built_in().unwrap();
        assert!(!attacks.is_empty());
        for attack in attacks {
            assert!(!attack.expected.verdicts.is_empty(), "{}", attack.name);
            attack.spec.validate().unwrap();
        }
    }

    #[test]
    fn a_head_is_toml_in_comments() {
        let source = "#= attack = \"Sleeps.\"\n#= verdict = [\"wall_time_exceeded\", \"ok\"]\n\
                      #= limits = { wall_seconds = 0.5 }\n#= files = { \"a\" = \"b\" }\nimport time\n#= not = 1\n";
        let attack = parse("sleep.py", source, &languages()).unwrap();
        assert_eq!((attack.name.as_str(), attack.spec.language.as_str()), ("sleep", "python"));
        assert_eq!(attack.expected.verdicts, [Verdict::WallTimeExceeded, Verdict::Ok]);
        assert_eq!(attack.spec.limits.wall_seconds, Some(0.5));
        assert_eq!(attack.spec.files[1].path, "a");
    }

    #[test]
    fn what_a_head_lacks_is_named_with_its_file() {
        let error = parse("a.c", "//= attack = \"x\"\n", &languages()).unwrap_err().to_string();
        assert!(error.starts_with("a.c: ") && error.contains("verdict"), "{error}");
        assert!(parse("a.cobol", "", &languages()).unwrap_err().to_string().contains("cobol"));
    }
}
