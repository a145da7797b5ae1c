//! What a job may look like, whatever the language and the runners: checked before anything is stored.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Checker, Content, JobSpec, LimitsRequest, Problem, RunSpec, SourceFile, TerminalSize, Tolerance,
};

/// The longest path of a file, and the longest name in it, in bytes (Linux: `NAME_MAX`).
pub const MAX_PATH_BYTES: usize = 255;

/// The most runs of one job.
pub const MAX_RUNS: usize = 1000;

/// The most files of one program: as many as an archive may have entries.
pub const MAX_FILES: usize = 10_000;

/// The most runs of one job that may be under way at once.
pub const MAX_PARALLEL: u32 = 64;

/// The most patterns of files to keep.
const MAX_ARTIFACT_PATTERNS: usize = 32;

/// The longest address to call back, in bytes.
const MAX_URL_BYTES: usize = 2048;

/// The most that a run may count for.
const MAX_WEIGHT: f64 = 1e6;

/// The most arguments and environment variables, and the most bytes of one of them.
const MAX_STRINGS: usize = 256;
const MAX_STRING_BYTES: usize = 8 * 1024;

impl JobSpec {
    /// Checks everything that can be checked without knowing the runners.
    ///
    /// # Errors
    /// A [`Problem`] that names the field at fault.
    pub fn validate(&self) -> Result<(), Problem> {
        if self.language.is_empty() {
            return Err(Problem::invalid("language", "a job needs a language"));
        }
        check_text("language", &self.language, 64)?;
        check_files("files", &self.files)?;
        check_main("main", self.main.as_deref(), &self.files)?;
        check_strings("args", &self.args)?;
        check_strings("compile_args", &self.compile_args)?;
        check_environment(&self.env)?;
        check_labels("labels", &self.labels)?;
        check_labels("requires", &self.requires)?;
        if let Some(key) = &self.idempotency_key {
            if key.is_empty() {
                return Err(Problem::invalid("idempotency_key", "a key has at least one character"));
            }
            check_text("idempotency_key", key, 255)?;
        }
        check_limits("limits", &self.limits)?;
        if !(-100..=100).contains(&self.priority) {
            return Err(Problem::invalid("priority", "a priority is between -100 and 100"));
        }
        self.check_artifacts()?;
        self.check_terminal()?;
        self.check_callback()?;
        self.check_judges()?;
        self.check_runs()
    }

    fn check_artifacts(&self) -> Result<(), Problem> {
        if self.artifacts.len() > MAX_ARTIFACT_PATTERNS {
            return Err(Problem::invalid("artifacts", format!("at most {MAX_ARTIFACT_PATTERNS} of them")));
        }
        let mut patterns = self.artifacts.iter().enumerate();
        patterns.try_for_each(|(index, pattern)| {
            check_path(pattern).map_err(|why| Problem::invalid(format!("artifacts[{index}]"), why))
        })
    }

    fn check_terminal(&self) -> Result<(), Problem> {
        let Some(size) = self.terminal else { return Ok(()) };
        if self.runs.is_some() {
            return Err(Problem::invalid("terminal", "a job with `runs` has no terminal"));
        }
        match size.is_possible() {
            true => Ok(()),
            false => Err(Problem::invalid("terminal", TerminalSize::impossible())),
        }
    }

    fn check_callback(&self) -> Result<(), Problem> {
        let Some(url) = &self.callback_url else { return Ok(()) };
        check_text("callback_url", url, MAX_URL_BYTES)?;
        match url.starts_with("https://") || url.starts_with("http://") {
            true => Ok(()),
            false => Err(Problem::invalid("callback_url", "it begins with https:// or http://")),
        }
    }

    fn check_judges(&self) -> Result<(), Problem> {
        for (field, judge) in [("checker", &self.checker), ("interactor", &self.interactor)] {
            let Some(judge) = judge else { continue };
            if judge.language.is_empty() {
                return Err(Problem::invalid(format!("{field}.language"), "a program needs a language"));
            }
            check_text(&format!("{field}.language"), &judge.language, 64)?;
            check_files(&format!("{field}.files"), &judge.files)?;
            check_main(&format!("{field}.main"), judge.main.as_deref(), &judge.files)?;
            check_strings(&format!("{field}.compile_args"), &judge.compile_args)?;
            check_limits(&format!("{field}.limits"), &judge.limits)?;
        }
        let mut runs = self.runs.iter().flatten();
        let custom =
            runs.any(|run| run.expect.as_ref().is_some_and(|expect| expect.checker == Checker::Custom));
        match (&self.checker, &self.interactor) {
            (Some(_), _) if !custom => {
                Err(Problem::invalid("checker", "no run is judged by it: `checker` is `custom` in none"))
            }
            (None, _) if custom => Err(Problem::invalid(
                "checker",
                "a run is to be judged by the job's own checker, and there is none",
            )),
            (_, Some(_)) if self.runs.is_none() => {
                Err(Problem::invalid("interactor", "a job with an interactor has `runs`"))
            }
            _ => Ok(()),
        }
    }

    fn check_runs(&self) -> Result<(), Problem> {
        let Some(runs) = &self.runs else { return Ok(()) };
        if runs.is_empty() || runs.len() > MAX_RUNS {
            return Err(Problem::invalid("runs", format!("a job has between 1 and {MAX_RUNS} runs")));
        }
        if !self.args.is_empty() {
            return Err(Problem::invalid("args", "where there are `runs`, each has its own `args`"));
        }
        if self.stdin.as_ref().is_some_and(|stdin| *stdin != Content::default()) {
            return Err(Problem::invalid("stdin", "where there are `runs`, each has its own `stdin`"));
        }
        for (index, run) in runs.iter().enumerate() {
            check_strings(&format!("runs[{index}].args"), &run.args)?;
            check_limits(&format!("runs[{index}].limits"), &run.limits)?;
            for (field, text) in [("name", &run.name), ("group", &run.group)] {
                let Some(text) = text else { continue };
                check_text(&format!("runs[{index}].{field}"), text, MAX_PATH_BYTES)?;
            }
            if run.weight.is_some_and(|weight| !(0.0..=MAX_WEIGHT).contains(&weight)) {
                let why = format!("a weight is a number from 0 to {MAX_WEIGHT}");
                return Err(Problem::invalid(format!("runs[{index}].weight"), why));
            }
            check_expectation(index, run, self.interactor.is_some())?;
        }
        match self.parallel {
            Some(parallel) if !(1..=MAX_PARALLEL).contains(&parallel) => {
                Err(Problem::invalid("parallel", format!("between 1 and {MAX_PARALLEL} runs at once")))
            }
            _ => Ok(()),
        }
    }
}

fn check_expectation(index: usize, run: &RunSpec, interactive: bool) -> Result<(), Problem> {
    let Some(expect) = &run.expect else { return Ok(()) };
    let field = format!("runs[{index}].expect.checker");
    match expect.checker {
        Checker::Float(Tolerance { absolute, relative })
            if !(absolute >= 0.0 && relative >= 0.0 && absolute.is_finite() && relative.is_finite()) =>
        {
            Err(Problem::invalid(field, "a tolerance is a number, 0 or above"))
        }
        Checker::Custom if interactive => {
            Err(Problem::invalid(field, "a job has either an interactor or a checker of its own"))
        }
        _ => Ok(()),
    }
}

fn check_files(field: &str, files: &[SourceFile]) -> Result<(), Problem> {
    if files.is_empty() {
        return Err(Problem::invalid(field, "a program needs at least one file"));
    }
    if files.len() > MAX_FILES {
        return Err(Problem::invalid(field, format!("a program has at most {MAX_FILES} files")));
    }
    let mut seen = BTreeSet::new();
    for (index, file) in files.iter().enumerate() {
        let field = format!("{field}[{index}].path");
        check_path(&file.path).map_err(|why| Problem::invalid(&field, why))?;
        if !seen.insert(file.path.as_str()) {
            return Err(Problem::invalid(field, format!("there are two files named {:?}", file.path)));
        }
    }
    for (index, file) in files.iter().enumerate() {
        let ancestors = file.path.match_indices('/').map(|(end, _)| &file.path[..end]);
        if let Some(folder) = ancestors.into_iter().find(|folder| seen.contains(folder)) {
            let why = format!("{folder:?} is a file and a folder");
            return Err(Problem::invalid(format!("{field}[{index}].path"), why));
        }
    }
    Ok(())
}

fn check_main(field: &str, main: Option<&str>, files: &[SourceFile]) -> Result<(), Problem> {
    match main {
        Some(main) if !files.iter().any(|file| file.path == *main) => {
            Err(Problem::invalid(field, format!("there is no file named {main:?}")))
        }
        _ => Ok(()),
    }
}

/// Checks a path relative to a program's folder.
///
/// # Errors
/// What is wrong with it, for people.
pub fn check_path(path: &str) -> Result<(), String> {
    if path.is_empty() {
        return Err("a file needs a name".into());
    }
    if path.len() > MAX_PATH_BYTES {
        return Err(format!("a path has at most {MAX_PATH_BYTES} bytes"));
    }
    if path.contains('\0') {
        return Err("a path cannot hold a NUL byte".into());
    }
    if path.starts_with('/') {
        return Err(format!("{path:?} is absolute: give a path relative to the program's folder"));
    }
    for name in path.split('/') {
        match name {
            "" => return Err(format!("{path:?} has an empty name in it")),
            "." | ".." => return Err(format!("{path:?} may not hold {name:?}")),
            _ => {}
        }
    }
    Ok(())
}

fn check_text(field: &str, text: &str, most: usize) -> Result<(), Problem> {
    if text.len() > most {
        return Err(Problem::invalid(field, format!("at most {most} bytes, not {}", text.len())));
    }
    if text.contains('\0') {
        return Err(Problem::invalid(field, "it cannot hold a NUL byte"));
    }
    Ok(())
}

fn check_strings(field: &str, strings: &[String]) -> Result<(), Problem> {
    if strings.len() > MAX_STRINGS {
        return Err(Problem::invalid(field, format!("at most {MAX_STRINGS} of them")));
    }
    let mut strings = strings.iter().enumerate();
    strings.try_for_each(|(index, text)| check_text(&format!("{field}[{index}]"), text, MAX_STRING_BYTES))
}

fn check_environment(env: &std::collections::BTreeMap<String, String>) -> Result<(), Problem> {
    if env.len() > MAX_STRINGS {
        return Err(Problem::invalid("env", format!("at most {MAX_STRINGS} variables")));
    }
    for (name, value) in env {
        let field = format!("env.{name}");
        let possible = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(possible) {
            return Err(Problem::invalid(field, "a variable's name has letters, digits and `_` only"));
        }
        check_text(&field, name, MAX_PATH_BYTES)?;
        check_text(&field, value, MAX_STRING_BYTES)?;
    }
    Ok(())
}

fn check_labels(what: &str, labels: &BTreeMap<String, String>) -> Result<(), Problem> {
    if labels.len() > 32 {
        return Err(Problem::invalid(what, "at most 32 labels"));
    }
    for (name, value) in labels {
        let field = format!("{what}.{name}");
        check_text(&field, name, 64)?;
        check_text(&field, value, MAX_PATH_BYTES)?;
    }
    Ok(())
}

fn check_limits(field: &str, limits: &LimitsRequest) -> Result<(), Problem> {
    for (name, value) in limits.fields() {
        if value.is_some_and(|value| !value.is_finite() || value <= 0.0) {
            return Err(Problem::invalid(format!("{field}.{name}"), "a limit is a number above zero"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{Checker, Expect, JobSpec, Judge, LimitsRequest, RunSpec, SourceFile, Tolerance};

    fn spec(paths: &[&str]) -> JobSpec {
        let file = |path: &&str| SourceFile { path: (*path).to_owned(), content: "".into() };
        JobSpec { language: "c".into(), files: paths.iter().map(file).collect(), ..JobSpec::default() }
    }

    fn field_at_fault(spec: &JobSpec) -> String {
        spec.validate().unwrap_err().field.unwrap()
    }

    #[test]
    fn an_ordinary_job_is_fine() {
        assert_eq!(spec(&["main.c", "lib/util.c", "lib/util.h", "..."]).validate(), Ok(()));
    }

    #[test]
    fn paths_that_leave_the_folder_or_cannot_be_are_refused() {
        let long = "x".repeat(256);
        for path in ["/etc/passwd", "..", "a/../b", "./a", "a//b", "a/", "", "a\0b", long.as_str()] {
            assert_eq!(field_at_fault(&spec(&["main.c", path])), "files[1].path", "{path:?}");
        }
    }

    #[test]
    fn files_that_exclude_each_other_are_refused() {
        assert_eq!(field_at_fault(&spec(&["a", "a"])), "files[1].path");
        assert_eq!(field_at_fault(&spec(&["a", "a/b"])), "files[1].path");
        assert_eq!(field_at_fault(&spec(&["a/b/c", "a"])), "files[0].path");
        assert_eq!(field_at_fault(&spec(&[])), "files");
    }

    #[test]
    fn the_main_file_must_be_there() {
        let job = JobSpec { main: Some("b.c".into()), ..spec(&["a.c"]) };
        assert_eq!(field_at_fault(&job), "main");
    }

    #[test]
    fn nul_bytes_are_refused_where_they_cannot_be() {
        let nul = || vec!["a\0b".to_owned()];
        assert_eq!(field_at_fault(&JobSpec { args: nul(), ..spec(&["a"]) }), "args[0]");
        assert_eq!(field_at_fault(&JobSpec { compile_args: nul(), ..spec(&["a"]) }), "compile_args[0]");
        let env = [("A".to_owned(), "\0".to_owned())].into();
        assert_eq!(field_at_fault(&JobSpec { env, ..spec(&["a"]) }), "env.A");
    }

    #[test]
    fn limits_are_numbers_above_zero() {
        for seconds in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let limits = LimitsRequest { cpu_seconds: Some(seconds), ..LimitsRequest::default() };
            assert_eq!(field_at_fault(&JobSpec { limits, ..spec(&["a"]) }), "limits.cpu_seconds");
        }
    }

    #[test]
    fn runs_and_the_single_runs_fields_exclude_each_other() {
        let run = RunSpec {
            expect: Some(Expect { stdout: "1".into(), checker: Default::default() }),
            ..RunSpec::default()
        };
        let job = JobSpec { runs: Some(vec![run]), ..spec(&["a"]) };
        assert_eq!(job.validate(), Ok(()));
        assert_eq!(field_at_fault(&JobSpec { args: vec!["x".into()], ..job.clone() }), "args");
        assert_eq!(field_at_fault(&JobSpec { stdin: Some("x".into()), ..job.clone() }), "stdin");
        assert_eq!(field_at_fault(&JobSpec { runs: Some(vec![]), ..job }), "runs");
    }

    fn judged_by(checker: Checker) -> JobSpec {
        let expect = Some(Expect { stdout: "1".into(), checker });
        JobSpec { runs: Some(vec![RunSpec { expect, ..RunSpec::default() }]), ..spec(&["a"]) }
    }

    #[test]
    fn a_checker_of_ones_own_is_there_exactly_where_it_is_used() {
        let judge =
            || Some(Judge { language: "c".into(), files: spec(&["check.c"]).files, ..Judge::default() });
        assert_eq!(field_at_fault(&judged_by(Checker::Custom)), "checker");
        assert_eq!(field_at_fault(&JobSpec { checker: judge(), ..judged_by(Checker::Exact) }), "checker");
        let job = JobSpec { checker: judge(), ..judged_by(Checker::Custom) };
        assert_eq!(job.validate(), Ok(()));
        let both = JobSpec { interactor: judge(), ..job };
        assert_eq!(field_at_fault(&both), "runs[0].expect.checker");
        let without_runs = JobSpec { interactor: judge(), ..spec(&["a"]) };
        assert_eq!(field_at_fault(&without_runs), "interactor");
        let outside = Judge { files: spec(&["../check.c"]).files, ..judge().unwrap() };
        let job = JobSpec { checker: Some(outside), ..judged_by(Checker::Custom) };
        assert_eq!(field_at_fault(&job), "checker.files[0].path");
    }

    #[test]
    fn tolerances_and_weights_are_numbers_from_zero_on() {
        for relative in [-1.0, f64::NAN, f64::INFINITY] {
            let job = judged_by(Checker::Float(Tolerance { absolute: 0.0, relative }));
            assert_eq!(field_at_fault(&job), "runs[0].expect.checker");
        }
        for weight in [-1.0, f64::NAN, f64::INFINITY] {
            let run = RunSpec { weight: Some(weight), ..RunSpec::default() };
            let job = JobSpec { runs: Some(vec![run]), ..spec(&["a"]) };
            assert_eq!(field_at_fault(&job), "runs[0].weight");
        }
    }

    #[test]
    fn what_is_to_be_kept_lies_in_the_programs_folder() {
        for pattern in ["/etc/*", "../*", "a/../b", ""] {
            let job = JobSpec { artifacts: vec!["*.png".into(), pattern.into()], ..spec(&["a"]) };
            assert_eq!(field_at_fault(&job), "artifacts[1]", "{pattern:?}");
        }
    }

    #[test]
    fn callbacks_go_to_the_web() {
        for url in ["ftp://example.org", "file:///etc/passwd", "example.org"] {
            let job = JobSpec { callback_url: Some(url.into()), ..spec(&["a"]) };
            assert_eq!(field_at_fault(&job), "callback_url", "{url}");
        }
    }
}
