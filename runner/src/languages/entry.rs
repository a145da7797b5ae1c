//! A language as its entry describes it, and the limits of its steps. Pure.

use std::collections::BTreeMap;

use protocol::{JobSpec, Limits};
use serde::Deserialize;

use super::CompileAhead;

/// One language.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// Its id, as in `cpp`.
    pub id: String,
    /// Its name for people, as in `C++`.
    pub name: String,
    /// Other names that are taken for it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Extensions of its source files, without the dot; the first is that of the file to start from.
    pub extensions: Vec<String>,
    /// The image with its toolchain: the name of a Dockerfile in `images`.
    pub image: String,
    /// The command that prints its version.
    pub version: Vec<String>,
    /// How the file to start from is found.
    #[serde(default)]
    pub entry: Entry,
    /// The command that compiles a program, where that is a step of its own. Placeholders: see [`Fill`].
    #[serde(default)]
    pub compile: Vec<String>,
    /// How programs are compiled that come with a file which says how, such as a Makefile.
    #[serde(default)]
    pub projects: Vec<Project>,
    /// A compiler that may be started before the job that needs it.
    #[serde(default)]
    pub compile_ahead: Option<CompileAhead>,
    /// The command that runs it; the program's arguments follow.
    pub run: Vec<String>,
    /// Environment variables of both.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// What the compilation may use, unless the job allows more.
    #[serde(default)]
    pub compile_limits: CompileLimits,
    /// Memory that the language's runtime needs beside the program's, in bytes: added to every limit.
    #[serde(default)]
    pub memory_overhead_bytes: u64,
    /// Threads that the language's runtime needs beside the program's: added to every limit.
    #[serde(default)]
    pub process_overhead: u32,
    /// The exit code by which its runtime says that memory ran out; where that is a signal, 128 and its number.
    #[serde(default)]
    pub out_of_memory_exit_code: Option<i32>,
    /// Whose programs prove it, where these are not its own: the id of another language.
    #[serde(default)]
    programs: Option<String>,
}

/// How a program is compiled where the job has a certain file in its top folder.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// The file's name.
    pub file: String,
    /// The command instead of the language's own. Afterwards there has to be what `run` starts.
    pub compile: Vec<String>,
}

/// How the file to start from is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// All sources make one program; which is first does not matter.
    Any,
    /// The only one with the language's extension, or the one called `main`, nearest to the top.
    #[default]
    File,
    /// Likewise, and in it the class with a main method.
    JavaClass,
}

/// What a compilation may use.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CompileLimits {
    cpu_seconds: f64,
    wall_seconds: f64,
    memory_bytes: u64,
    processes: u32,
    output_bytes: u64,
    disk_bytes: u64,
}

impl From<&CompileLimits> for Limits {
    fn from(own: &CompileLimits) -> Self {
        let CompileLimits { cpu_seconds, wall_seconds, memory_bytes, processes, output_bytes, disk_bytes } =
            *own;
        Self { cpu_seconds, wall_seconds, memory_bytes, processes, output_bytes, disk_bytes }
    }
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            cpu_seconds: 10.0,
            wall_seconds: 30.0,
            memory_bytes: 512 << 20,
            processes: 64,
            output_bytes: 1 << 20,
            disk_bytes: 64 << 20,
        }
    }
}

impl Language {
    /// Whether it has a compilation of its own.
    pub fn is_compiled(&self) -> bool {
        !self.compile.is_empty()
    }

    /// The id under which the programs that prove it are kept.
    pub fn programs(&self) -> &str {
        self.programs.as_deref().unwrap_or(&self.id)
    }

    /// The project that a job is, if it is one.
    pub fn project(&self, spec: &JobSpec) -> Option<&Project> {
        self.projects.iter().find(|project| spec.files.iter().any(|file| file.path == project.file))
    }

    /// The limits of the compilation: the language's, or the job's where they are higher.
    pub fn compile_limits(&self, job: &Limits) -> Limits {
        let own = &self.compile_limits;
        Limits {
            cpu_seconds: own.cpu_seconds.max(job.cpu_seconds),
            wall_seconds: own.wall_seconds.max(job.wall_seconds),
            memory_bytes: own.memory_bytes.max(job.memory_bytes),
            processes: own.processes.max(job.processes),
            output_bytes: own.output_bytes.max(job.output_bytes),
            disk_bytes: own.disk_bytes.max(job.disk_bytes),
        }
    }

    /// The limits of a compiler that is started before its job is known: the language's.
    pub fn ahead_limits(&self) -> Limits {
        Limits::from(&self.compile_limits)
    }

    /// The limits of a run's box: the job's, and what the language's runtime needs for itself.
    pub fn run_limits(&self, job: &Limits) -> Limits {
        Limits {
            memory_bytes: job.memory_bytes.saturating_add(self.memory_overhead_bytes),
            processes: job.processes.saturating_add(self.process_overhead),
            ..*job
        }
    }
}
