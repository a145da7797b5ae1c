//! Languages are data: what languages.toml and the operator's own files say, and how their command lines are filled
//! in. Pure but for [`load`].
//!
//! ```text
//! file      ── reads entries; one may be like another
//! entry     ── what an entry says
//! main_file ── which of a job's files to start from; java, which class
//! fill      ── command lines for a job
//! ahead     ── a compiler that is up before its job
//! ```

mod ahead;
mod entry;
mod file;
mod fill;
mod java;
mod main_file;

pub use self::ahead::CompileAhead;
pub use self::entry::{CompileLimits, Entry, Language, Project};
pub use self::file::{LanguagesError, built_in, load, parse};
pub use self::fill::{Fill, command};
pub use self::main_file::ProgramError;

/// What tests of this module begin with.
#[cfg(test)]
mod samples {
    use protocol::{JobSpec, Limits, SourceFile};

    use super::Language;

    pub fn language(id: &str) -> Language {
        super::built_in().unwrap().into_iter().find(|language| language.id == id).unwrap()
    }

    pub fn job(files: &[(&str, &str)]) -> JobSpec {
        let file =
            |(path, text): &(&str, &str)| SourceFile { path: (*path).to_owned(), content: (*text).into() };
        JobSpec { files: files.iter().map(file).collect(), ..JobSpec::default() }
    }

    pub const LIMITS: Limits = Limits {
        cpu_seconds: 2.0,
        wall_seconds: 10.0,
        memory_bytes: 256 << 20,
        processes: 32,
        output_bytes: 1 << 20,
        disk_bytes: 64 << 20,
    };
}
