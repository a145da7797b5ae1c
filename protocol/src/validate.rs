//! What a job may look like, whatever the language and the runners: checked before anything is stored.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Content, JobSpec, LimitsRequest, Problem};

/// The longest path of a file, and the longest name in it, in bytes (Linux: `NAME_MAX`).
pub const MAX_PATH_BYTES: usize = 255;

/// The most runs of one job.
pub const MAX_RUNS: usize = 1000;

/// The most files of one job.
const MAX_FILES: usize = 1000;

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
        self.check_files()?;
        self.check_main()?;
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
        self.check_runs()
    }

    fn check_files(&self) -> Result<(), Problem> {
        if self.files.is_empty() {
            return Err(Problem::invalid("files", "a job needs at least one file"));
        }
        if self.files.len() > MAX_FILES {
            return Err(Problem::invalid("files", format!("a job has at most {MAX_FILES} files")));
        }
        let mut seen = BTreeSet::new();
        for (index, file) in self.files.iter().enumerate() {
            let field = format!("files[{index}].path");
            check_path(&file.path).map_err(|why| Problem::invalid(&field, why))?;
            if !seen.insert(file.path.as_str()) {
                return Err(Problem::invalid(field, format!("there are two files named {:?}", file.path)));
            }
        }
        for (index, file) in self.files.iter().enumerate() {
            let ancestors = file.path.match_indices('/').map(|(end, _)| &file.path[..end]);
            if let Some(folder) = ancestors.into_iter().find(|folder| seen.contains(folder)) {
                let why = format!("{folder:?} is a file and a folder");
                return Err(Problem::invalid(format!("files[{index}].path"), why));
            }
        }
        Ok(())
    }

    fn check_main(&self) -> Result<(), Problem> {
        match &self.main {
            Some(main) if !self.files.iter().any(|file| file.path == *main) => {
                Err(Problem::invalid("main", format!("there is no file named {main:?}")))
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
            if let Some(name) = &run.name {
                check_text(&format!("runs[{index}].name"), name, MAX_PATH_BYTES)?;
            }
        }
        Ok(())
    }
}

fn check_path(path: &str) -> Result<(), String> {
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
    use crate::{Expect, JobSpec, LimitsRequest, RunSpec, SourceFile};

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
}
