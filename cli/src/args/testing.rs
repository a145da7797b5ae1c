//! How to test a program.

use std::path::PathBuf;

use clap::{ArgAction, ValueHint};
use protocol::{Checker, MAX_PARALLEL, Tolerance};

use super::values::parse_pair;
use super::{LimitArgs, help};
use crate::messages;

/// Arguments of `test`.
#[derive(Debug, clap::Args)]
#[command(after_help = help::TEST)]
pub struct TestArgs {
    /// The folder with the tests.
    #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub tests: PathBuf,

    /// The program: a file, its folder, or an archive of it. Several files are each given so.
    #[arg(long, short, required = true, value_name = "FILE", value_hint = ValueHint::AnyPath, action = ArgAction::Append)]
    pub program: Vec<PathBuf>,

    /// The language [default: what the files' names tell].
    #[arg(long, short, value_name = "LANGUAGE")]
    pub lang: Option<String>,

    /// The file to start from, where the language cannot tell by itself.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub main: Option<PathBuf>,

    /// What decides whether an answer is right: a word from the list below, or a program's file.
    #[arg(long, value_name = "KIND|FILE", default_value = "trimmed", value_parser = parse_checker)]
    #[arg(value_hint = ValueHint::FilePath, conflicts_with = "interactor")]
    pub checker: CheckerArg,

    /// A program that talks with yours, and decides: its output is yours' input, and the other way round.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub interactor: Option<PathBuf>,

    /// Run up to so many tests at once, where the runner has free slots.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_PARALLEL)))]
    pub parallel: Option<u32>,

    /// Begin no test after one that is not ok.
    #[arg(long)]
    pub stop_on_failure: bool,

    /// Write a report for other programs, as JUnit XML.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub junit: Option<PathBuf>,

    /// Print the job as a JSON object, and nothing else; more than 1000 tests are several jobs, a line each.
    #[arg(long)]
    pub json: bool,

    /// Set an environment variable of the program. May be given more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_pair, action = ArgAction::Append)]
    pub env: Vec<(String, String)>,

    /// Pass a further argument to the compiler. May be given more than once.
    #[arg(long, value_name = "ARG", allow_hyphen_values = true, action = ArgAction::Append)]
    pub compile_arg: Vec<String>,

    /// Label the job, to find it by. May be given more than once.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_pair, action = ArgAction::Append)]
    pub label: Vec<(String, String)>,

    /// What the program may use in each test. Last, since its heading holds for whatever follows.
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// What decides whether an answer is right.
#[derive(Debug, Clone, PartialEq)]
pub enum CheckerArg {
    /// One that every runner has.
    BuiltIn(Checker),
    /// A program.
    Program(PathBuf),
}

fn parse_checker(text: &str) -> Result<CheckerArg, &'static str> {
    let checker = match text {
        "trimmed" => Checker::Trimmed,
        "exact" => Checker::Exact,
        "tokens" => Checker::Tokens,
        "unordered_lines" | "unordered-lines" => Checker::UnorderedLines,
        "float" => Checker::Float(Tolerance::default()),
        _ => match text.strip_prefix("float:") {
            Some(tolerance) => {
                let tolerance =
                    tolerance.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
                let tolerance = tolerance.ok_or(messages::testing::BAD_TOLERANCE)?;
                Checker::Float(Tolerance { absolute: tolerance, relative: tolerance })
            }
            None if PathBuf::from(text).exists() => return Ok(CheckerArg::Program(text.into())),
            None => return Err(messages::testing::BAD_CHECKER),
        },
    };
    Ok(CheckerArg::BuiltIn(checker))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checker_is_a_word_or_a_file_that_is_there() {
        let built_in = |text: &str| match parse_checker(text) {
            Ok(CheckerArg::BuiltIn(checker)) => checker,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(built_in("unordered_lines"), Checker::UnorderedLines);
        assert_eq!(built_in("float"), Checker::Float(Tolerance::default()));
        assert_eq!(built_in("float:1e-9"), Checker::Float(Tolerance { absolute: 1e-9, relative: 1e-9 }));
        assert_eq!(parse_checker("Cargo.toml"), Ok(CheckerArg::Program("Cargo.toml".into())));
        for wrong in ["float:", "float:-1", "float:inf", "float:x", "fuzzy", ""] {
            assert!(parse_checker(wrong).is_err(), "{wrong:?}");
        }
    }
}
