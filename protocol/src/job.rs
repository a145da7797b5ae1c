//! A job: what is asked for, and what came of it.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::content::{decode_base64, encode_base64};
use crate::{
    Attempt, Content, DetachError, Detached, JobId, LimitsRequest, StepResult, Timestamp, Usage, Verdict,
};

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

/// How actual output is compared with expected output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Checker {
    /// White space at the ends of lines and empty lines at the end do not count.
    #[default]
    Trimmed,
    /// Every byte counts.
    Exact,
}

/// What a run is expected to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whether the first run that is not `ok` is the last one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stop_on_failure: bool,
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
    /// result: the files, `stdin`, then each run's input and expected output.
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

    fn contents(&self) -> impl Iterator<Item = &Content> {
        let runs = self
            .runs
            .iter()
            .flatten()
            .flat_map(|run| run.stdin.iter().chain(run.expect.iter().map(|expect| &expect.stdout)));
        self.files.iter().map(|file| &file.content).chain(&self.stdin).chain(runs)
    }

    fn contents_mut(&mut self) -> impl Iterator<Item = &mut Content> {
        let runs = self.runs.iter_mut().flatten().flat_map(|run| {
            run.stdin.iter_mut().chain(run.expect.iter_mut().map(|expect| &mut expect.stdout))
        });
        self.files.iter_mut().map(|file| &mut file.content).chain(&mut self.stdin).chain(runs)
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum JobState {
    /// It waits for a runner.
    Queued,
    /// A runner has it.
    Running,
    /// It has a verdict, which does not change any more.
    Finished,
}

/// A job and, once it has finished, its results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Job {
    /// Its identifier.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// About how many jobs start before it, while it is queued: others may come between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// The judgement on the whole: `compile_error`, or that of the first run that is not `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// What people should know beside it: why it waits, or what failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The language it was submitted with.
    pub language: String,
    /// The labels it was submitted with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The user who submitted it, where it came with an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How the compilation ended, where the language has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compile: Option<StepResult>,
    /// How each run ended, in the order of the specification.
    #[serde(default)]
    pub runs: Vec<StepResult>,
    /// The name of the runner that has it or had it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    /// How many times it was handed to a runner.
    #[serde(default)]
    pub attempts: Attempt,
    /// When it was submitted.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub queued_at: Timestamp,
    /// When its last attempt started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub started_at: Option<Timestamp>,
    /// When it got its verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub finished_at: Option<Timestamp>,
}

impl Job {
    /// The same without what the program wrote, for where the output travels beside it.
    #[must_use]
    pub fn without_output(mut self) -> Self {
        for step in self.compile.iter_mut().chain(&mut self.runs) {
            step.stdout = None;
            step.stderr = None;
        }
        self
    }

    /// What all its steps used: times added up, the highest memory.
    pub fn usage(&self) -> Usage {
        self.compile.iter().chain(&self.runs).map(|step| step.usage).fold(Usage::default(), |sum, step| {
            Usage {
                cpu_ms: sum.cpu_ms.saturating_add(step.cpu_ms),
                wall_ms: sum.wall_ms.saturating_add(step.wall_ms),
                memory_bytes: sum.memory_bytes.max(step.memory_bytes),
            }
        })
    }

    /// The line that stands for it in a list.
    pub fn summary(&self) -> JobSummary {
        JobSummary {
            id: self.id,
            state: self.state,
            verdict: self.verdict,
            message: self.message.clone(),
            language: self.language.clone(),
            labels: self.labels.clone(),
            owner: self.owner.clone(),
            runner: self.runner.clone(),
            attempts: self.attempts,
            usage: self.usage(),
            queued_at: self.queued_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
        }
    }
}

/// How an attempt at a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AttemptEnd {
    /// It gave the job its verdict.
    Finished,
    /// The runner did not take it.
    Refused,
    /// It was lost with its runner, or its runner failed.
    Lost,
}

/// One time that a job was handed to a runner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobAttempt {
    /// Which attempt.
    pub attempt: Attempt,
    /// The runner's name.
    pub runner: String,
    /// When it was handed over.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<AttemptEnd>,
    /// Why, where it was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A job as one line of a list; the fields are those of [`Job`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobSummary {
    pub id: JobId,
    pub state: JobState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    pub language: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    #[serde(default)]
    pub attempts: Attempt,
    #[serde(default)]
    pub usage: Usage,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub queued_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub finished_at: Option<Timestamp>,
}

/// A page of a list of jobs, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobPage {
    /// The jobs.
    pub jobs: Vec<JobSummary>,
    /// What to pass as `cursor` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
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
            ..JobSpec::default()
        };
        let original = spec.clone();
        let contents = spec.detach();
        assert_eq!(contents, ["one", "", "two", "three", "four"]);
        assert_eq!(spec.detached_sizes(), [3, 0, 3, 5, 4]);
        assert_eq!(spec.content_bytes(), 15);

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
