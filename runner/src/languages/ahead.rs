//! A compiler that may be started before its job. Pure.

use serde::Deserialize;

use super::{Fill, command};

/// How to have a compiler up before there is something to compile.
///
/// The program gets ready, writes one byte to its standard output, and waits. The arguments of its job follow
/// on standard input, each ended by a NUL; at the end of the input it does what the compiler would do with them,
/// and ends. It serves one job and leaves no trace of having been there before.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompileAhead {
    /// The command that starts it, with no placeholder but `{cpus}`.
    start: Vec<String>,
    /// What it gets as arguments for a job.
    arguments: Vec<String>,
    /// How an argument begins that only a compiler started for the job can follow.
    #[serde(default)]
    never_with: Option<String>,
}

impl CompileAhead {
    /// The command that starts it.
    pub fn start(&self, fill: &Fill) -> Vec<String> {
        command(&self.start, fill)
    }

    /// Its arguments for a job; nothing where that has to be compiled the ordinary way.
    pub fn arguments(&self, fill: &Fill) -> Option<Vec<String>> {
        let hindered = |argument: &String| {
            self.never_with.as_ref().is_some_and(|beginning| argument.starts_with(beginning))
        };
        (!fill.compile_args.iter().any(hindered)).then(|| command(&self.arguments, fill))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(compile_args: &[&str]) -> Fill {
        Fill {
            main: "Main.java".into(),
            stem: "Main".into(),
            class: "Main".into(),
            sources: vec!["Main.java".into()],
            compile_args: compile_args.iter().map(|argument| (*argument).to_owned()).collect(),
            memory_mib: 256,
            cpus: 2,
        }
    }

    fn java() -> crate::languages::Language {
        let languages = crate::languages::built_in().unwrap();
        languages.into_iter().find(|language| language.id == "java").unwrap()
    }

    #[test]
    fn a_compiler_started_ahead_gets_what_an_ordinary_one_would() {
        let java = java();
        let fill = fill(&["-Xlint"]);
        let ordinary = command(&java.compile, &fill).into_iter().skip(1);
        let ordinary: Vec<String> = ordinary.filter(|argument| !argument.starts_with("-J")).collect();
        assert_eq!(java.compile_ahead.unwrap().arguments(&fill), Some(ordinary));
    }

    #[test]
    fn its_virtual_machine_is_like_the_ordinary_ones() {
        let java = java();
        let fill = fill(&[]);
        let ahead = java.compile_ahead.unwrap().start(&fill);
        for flag in command(&java.compile, &fill).iter().filter_map(|argument| argument.strip_prefix("-J")) {
            assert!(ahead.iter().any(|own| own == flag), "{flag}: {ahead:?}");
        }
    }

    #[test]
    fn options_of_the_virtual_machine_need_one_of_their_own() {
        let ahead = java().compile_ahead.unwrap();
        assert_eq!(ahead.arguments(&fill(&["-Xlint", "-J-Xmx64m"])), None);
    }
}
