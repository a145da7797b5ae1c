//! A program to compile and run: what is asked for.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::content::{decode_base64, encode_base64};
use crate::{Checker, Content, DetachError, Detached, Judge, LimitsRequest, TerminalSize};

/// One file of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "JsonSourceFile", into = "JsonSourceFile")]
pub struct SourceFile {
    /// Where it goes, relative to the program's folder, with `/` between names.
    pub path: String,
    /// What is in it.
    pub content: Content,
}

/// How a [`SourceFile`] looks in JSON: text in `content`, or any bytes in `base64`.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = SourceFile))]
struct JsonSourceFile {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

impl TryFrom<JsonSourceFile> for SourceFile {
    type Error = String;

    fn try_from(json: JsonSourceFile) -> Result<Self, String> {
        let content = match (json.content, json.base64, json.size) {
            (Some(text), None, None) => Content::Inline(text.into()),
            (None, Some(base64), None) => decode_base64(&base64)?,
            (None, None, Some(size)) => Content::Detached(size),
            _ => return Err(format!("file {:?} needs either `content` or `base64`", json.path)),
        };
        Ok(Self { path: json.path, content })
    }
}

impl From<SourceFile> for JsonSourceFile {
    fn from(file: SourceFile) -> Self {
        let mut json = Self { path: file.path, content: None, base64: None, size: None };
        match file.content {
            Content::Detached(size) => json.size = Some(size),
            Content::Inline(bytes) => match std::str::from_utf8(&bytes) {
                Ok(text) => json.content = Some(text.to_owned()),
                Err(_) => json.base64 = Some(encode_base64(&bytes)),
            },
        }
        json
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for SourceFile {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        JsonSourceFile::schema()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for SourceFile {
    fn name() -> std::borrow::Cow<'static, str> {
        "SourceFile".into()
    }
}

/// What a run is expected to write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Expect {
    /// On standard output.
    pub stdout: Content,
    /// How the two are compared.
    #[serde(default)]
    pub checker: Checker,
}

/// One execution of the compiled program.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunSpec {
    /// A name that comes back with its result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Arguments of the program.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Its standard input; empty where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Content>,
    /// What it should write; not judged where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
    /// How much it counts for in the job's score; 1 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Runs of one group count for as much as the worst of them does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Limits of this run; what is absent comes from the job's limits.
    pub limits: LimitsRequest,
}

/// A program to compile and run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobSpec {
    /// The language's id or one of its aliases.
    #[cfg_attr(feature = "openapi", schema(required = true, example = "c"))]
    pub language: String,
    /// The program's files.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub files: Vec<SourceFile>,
    /// The path of the file to start from, where the language cannot tell by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main: Option<String>,
    /// Arguments of the program, where there are no `runs`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Its standard input, where there are no `runs`; empty where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Content>,
    /// Environment variables of the program.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Further arguments of the compiler.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compile_args: Vec<String>,
    /// Limits of each run; those of the compilation where they are higher than the language's own.
    pub limits: LimitsRequest,
    /// What to run once it is compiled, each in its own fresh sandbox. Absent: one run with `args` and `stdin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<Vec<RunSpec>>,
    /// Whether no further run begins after one that is not `ok`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stop_on_failure: bool,
    /// How many runs may be under way at once, where the runner has free slots for them; 1 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel: Option<u32>,
    /// The program that judges the runs whose checker is `custom`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checker: Option<Judge>,
    /// The program that talks with each run, and judges it: its output is the run's input and the other way round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interactor: Option<Judge>,
    /// Which files of each run's folder to keep: names with `*`, `?` and `[…]` in them, and `**` for any folders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<String>,
    /// A terminal of this size for the program, whose errors then go where its output goes. For a single run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminal: Option<TerminalSize>,
    /// An address that is told of the job's end by a signed POST.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<String>,
    /// Jobs of higher priority start first, from -100 to 100.
    #[serde(skip_serializing_if = "is_zero")]
    pub priority: i8,
    /// Whatever the client wants to find the job by.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Whether to be refused at once rather than to wait for a free runner.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_wait: bool,
    /// Labels that a runner must have, with these values, to get the job.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub requires: BTreeMap<String, String>,
    /// A word of the client's own for this submission: another submission with the same word is this job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

fn is_zero(number: &i8) -> bool {
    *number == 0
}

impl JobSpec {
    /// The runs to make: `runs`, or the one run that `args` and `stdin` describe.
    pub fn effective_runs(&self) -> Vec<RunSpec> {
        match &self.runs {
            Some(runs) => runs.clone(),
            None => {
                vec![RunSpec { args: self.args.clone(), stdin: self.stdin.clone(), ..RunSpec::default() }]
            }
        }
    }

    /// How many runs to make.
    pub fn run_count(&self) -> usize {
        self.runs.as_ref().map_or(1, Vec::len)
    }

    /// The bytes of all its contents together.
    pub fn content_bytes(&self) -> u64 {
        self.contents().map(Content::size).fold(0, u64::saturating_add)
    }

    /// Takes every content out, so that the rest fits one control frame. They travel in the order of the
    /// result: the files, `stdin`, each run's input and expected output, then the files of checker and interactor.
    pub fn detach(&mut self) -> Detached {
        let mut taken = Detached::new();
        self.contents_mut().for_each(|content| content.detach(&mut taken));
        taken
    }

    /// The sizes of the contents that travel beside this specification, in their order.
    pub fn detached_sizes(&self) -> Vec<u64> {
        self.contents()
            .filter_map(|content| match content {
                Content::Detached(size) => Some(*size),
                Content::Inline(_) => None,
            })
            .collect()
    }

    /// Puts the contents back that [`detach`](Self::detach) took out.
    ///
    /// # Errors
    /// Where their number or sizes differ from what is announced.
    pub fn attach(&mut self, contents: Vec<Bytes>) -> Result<(), DetachError> {
        let mut contents = contents.into_iter();
        self.contents_mut().try_for_each(|content| content.attach(&mut contents))?;
        contents.next().map_or(Ok(()), |_| Err(DetachError))
    }

    /// The languages of all its programs: its own, and those of checker and interactor.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        [self.language.as_str()].into_iter().chain(self.judges().map(|judge| judge.language.as_str()))
    }

    /// What it needs of a runner, in words of [`FEATURES`](crate::runner::FEATURES): a runner that does not know them would
    /// pass over what the job asks for.
    pub fn features(&self) -> impl Iterator<Item = &'static str> {
        let old = |checker| matches!(checker, Checker::Exact | Checker::Trimmed);
        let mut expected = self.runs.iter().flatten().filter_map(|run| run.expect.as_ref());
        let judging = self.judges().next().is_some() || expected.any(|expect| !old(expect.checker));
        let needed = [
            ("artifacts", !self.artifacts.is_empty()),
            ("judging", judging),
            ("terminal", self.terminal.is_some()),
        ];
        needed.into_iter().filter_map(|(feature, is_needed)| is_needed.then_some(feature))
    }

    /// Its checker and its interactor, as far as there are any.
    pub fn judges(&self) -> impl Iterator<Item = &Judge> {
        self.checker.iter().chain(&self.interactor)
    }

    fn contents(&self) -> impl Iterator<Item = &Content> {
        let runs = self
            .runs
            .iter()
            .flatten()
            .flat_map(|run| run.stdin.iter().chain(run.expect.iter().map(|expect| &expect.stdout)));
        let judges = self.judges().flat_map(|judge| &judge.files).map(|file| &file.content);
        self.files.iter().map(|file| &file.content).chain(&self.stdin).chain(runs).chain(judges)
    }

    fn contents_mut(&mut self) -> impl Iterator<Item = &mut Content> {
        let runs = self.runs.iter_mut().flatten().flat_map(|run| {
            run.stdin.iter_mut().chain(run.expect.iter_mut().map(|expect| &mut expect.stdout))
        });
        let judges = self.checker.iter_mut().chain(&mut self.interactor);
        let judges = judges.flat_map(|judge| &mut judge.files).map(|file| &mut file.content);
        self.files.iter_mut().map(|file| &mut file.content).chain(&mut self.stdin).chain(runs).chain(judges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_leave_and_come_back_in_order() {
        let mut spec = JobSpec {
            files: vec![
                SourceFile { path: "a".into(), content: "one".into() },
                SourceFile { path: "b".into(), content: "".into() },
            ],
            stdin: Some("two".into()),
            runs: Some(vec![RunSpec {
                stdin: Some("three".into()),
                expect: Some(Expect { stdout: "four".into(), checker: Checker::Exact }),
                ..RunSpec::default()
            }]),
            checker: Some(Judge {
                files: vec![SourceFile { path: "check.py".into(), content: "five".into() }],
                ..Judge::default()
            }),
            ..JobSpec::default()
        };
        let original = spec.clone();
        let contents = spec.detach();
        assert_eq!(contents, ["one", "", "two", "three", "four", "five"]);
        assert_eq!(spec.detached_sizes(), [3, 0, 3, 5, 4, 4]);
        assert_eq!(spec.content_bytes(), 19);

        let json = serde_json::to_string(&spec).unwrap();
        let mut received: JobSpec = serde_json::from_str(&json).unwrap();
        assert_eq!(received.clone().attach(contents[1..].to_vec()), Err(DetachError));
        received.attach(contents).unwrap();
        assert_eq!(received, original);
    }

    #[test]
    fn bytes_that_are_not_text_travel_as_base64() {
        let file = SourceFile { path: "x".into(), content: vec![0xff, 0x00].into() };
        let json = serde_json::to_value(&file).unwrap();
        assert_eq!(json, serde_json::json!({ "path": "x", "base64": "/wA=" }));
        assert_eq!(serde_json::from_value::<SourceFile>(json).unwrap(), file);
    }

    #[test]
    fn a_file_without_content_is_refused_by_name() {
        let error = serde_json::from_str::<SourceFile>(r#"{"path":"main.c"}"#).unwrap_err();
        assert!(error.to_string().contains("main.c"), "{error}");
    }
}
