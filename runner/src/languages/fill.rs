//! Command lines, and what stands for the placeholders in them. Pure.

use protocol::{JobSpec, Limits};

use super::{Entry, Language, ProgramError, java};

/// What stands for the placeholders in a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    /// `{main}`: the path of the file to start from.
    pub main: String,
    /// `{stem}`: the same without its extension.
    pub stem: String,
    /// `{class}`: the Java class to start.
    pub class: String,
    /// `{sources}`: all files with the language's extensions, an argument each.
    pub sources: Vec<String>,
    /// `{compile_args}`: what the job adds to the compiler's arguments.
    pub compile_args: Vec<String>,
    /// `{memory_mib}`: the memory limit in MiB, without the overhead.
    pub memory_mib: u64,
    /// `{cpus}`: how many processors a step may keep busy, rounded up.
    pub cpus: u32,
}

impl Fill {
    /// The same for a run with limits of its own.
    #[must_use]
    pub fn within(&self, limits: &Limits) -> Self {
        Self { memory_mib: mebibytes(limits.memory_bytes), ..self.clone() }
    }
}

impl Language {
    /// What the placeholders stand for in this job, whose steps may keep this many processors busy.
    ///
    /// # Errors
    /// [`ProgramError`], where the job does not say what to start.
    pub fn fill(&self, spec: &JobSpec, limits: &Limits, cpus: f64) -> Result<Fill, ProgramError> {
        let main = match &spec.main {
            Some(main) => main.clone(),
            // The project says itself what it is made of.
            None if self.project(spec).is_some() => String::new(),
            None => self.find_main(&spec.files)?,
        };
        let class = match self.entry {
            Entry::JavaClass => java::main_class(&main, &spec.files)?,
            Entry::Any | Entry::File => String::new(),
        };
        let sources = spec.files.iter().map(|file| &file.path).filter(|path| self.is_source(path));
        Ok(Fill {
            class,
            sources: sources.map(|path| plain_argument(path)).collect(),
            stem: plain_argument(without_extension(&main)),
            main: plain_argument(&main),
            compile_args: spec.compile_args.clone(),
            memory_mib: mebibytes(limits.memory_bytes),
            cpus: whole_cpus(cpus),
        })
    }

    /// The command that compiles this job.
    pub fn compile_command(&self, spec: &JobSpec, fill: &Fill) -> Vec<String> {
        command(self.project(spec).map_or(&self.compile, |project| &project.compile), fill)
    }
}

/// Fills in a command line. A placeholder that stands for several arguments is an argument of its own.
pub fn command(template: &[String], fill: &Fill) -> Vec<String> {
    let mut filled = Vec::new();
    for part in template {
        match part.as_str() {
            "{sources}" => filled.extend_from_slice(&fill.sources),
            "{compile_args}" => filled.extend_from_slice(&fill.compile_args),
            part => filled.push(
                part.replace("{main}", &fill.main)
                    .replace("{stem}", &fill.stem)
                    .replace("{class}", &fill.class)
                    .replace("{memory_mib}", &fill.memory_mib.to_string())
                    .replace("{cpus}", &fill.cpus.to_string()),
            ),
        }
    }
    filled
}

fn mebibytes(bytes: u64) -> u64 {
    (bytes >> 20).max(1)
}

/// A share of processors as a runtime can be told of it: a part of one is one.
fn whole_cpus(cpus: f64) -> u32 {
    (cpus.ceil() as u32).max(1)
}

fn without_extension(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && !extension.contains('/') => stem,
        _ => path,
    }
}

/// A file's name must not be taken for an option of the compiler.
fn plain_argument(path: &str) -> String {
    if path.starts_with(['-', '@']) { format!("./{path}") } else { path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{LIMITS, job, language};
    use super::*;

    #[test]
    fn a_c_program_is_all_its_sources() {
        let spec =
            JobSpec { compile_args: vec!["-g".into()], ..job(&[("a.c", ""), ("-b.c", ""), ("c.h", "")]) };
        let c = language("c");
        let compile = c.compile_command(&spec, &c.fill(&spec, &LIMITS, 1.5).unwrap());
        assert!(compile.windows(2).any(|pair| pair == ["a.c", "./-b.c"]), "{compile:?}");
        assert!(compile.contains(&"-g".to_owned()));
        assert!(!compile.contains(&"c.h".to_owned()));
    }

    #[test]
    fn a_project_is_compiled_as_it_says() {
        let c = language("c");
        let spec = JobSpec {
            compile_args: vec!["CFLAGS=-g".into()],
            ..job(&[("Makefile", "all:"), ("a.c", ""), ("b.c", "")])
        };
        let compile = c.compile_command(&spec, &c.fill(&spec, &LIMITS, 1.5).unwrap());
        assert!(
            compile.contains(&"-j2".to_owned()) && compile.contains(&"CFLAGS=-g".to_owned()),
            "{compile:?}"
        );
        assert!(!compile.contains(&"a.c".to_owned()), "{compile:?}");
    }

    #[test]
    fn java_gets_its_memory_limit_and_room_for_its_runtime() {
        let java = language("java");
        let fill =
            java.fill(&job(&[("M.java", "class M { void main(String[] a) {} }")]), &LIMITS, 1.5).unwrap();
        let run = command(&java.run, &fill);
        for flag in ["-Xmx256m", "-XX:MaxRAM=256m", "-XX:ActiveProcessorCount=2"] {
            assert!(run.contains(&flag.to_owned()), "{flag}: {run:?}");
        }
        let less = fill.within(&Limits { memory_bytes: 32 << 20, ..LIMITS });
        assert!(
            command(&java.run, &less).contains(&"-Xmx32m".to_owned()),
            "a run may have a limit of its own"
        );
        assert!(java.run_limits(&LIMITS).memory_bytes > LIMITS.memory_bytes);
        assert!(java.run_limits(&LIMITS).processes > LIMITS.processes);
    }

    #[test]
    fn an_extension_belongs_to_the_files_name() {
        let stems = ["a/b.c.ts", "a.b/c", "./.ts", "x"].map(without_extension);
        assert_eq!(stems, ["a/b.c", "a.b/c", "./", "x"]);
    }

    #[test]
    fn a_part_of_a_processor_is_one() {
        assert_eq!([0.01, 1.0, 1.01, 64.0].map(whole_cpus), [1, 1, 2, 64]);
    }
}
