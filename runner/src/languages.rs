//! Languages are data: what languages.toml and the operator's own files say, and how their command lines are filled
//! in. Pure but for [`load`].

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use protocol::{JobSpec, Limits, SourceFile};
use serde::Deserialize;

pub use self::ahead::CompileAhead;

mod ahead;
mod java;

/// The languages that come with the runner.
const BUILT_IN: &str = include_str!("../languages.toml");

/// What is wrong with a languages file.
#[derive(Debug, thiserror::Error)]
pub enum LanguagesError {
    /// It is not TOML of the right shape.
    #[error("{0}")]
    Syntax(#[from] toml::de::Error),
    /// Two languages share a name.
    #[error("two languages are called {0:?}")]
    Twice(String),
    /// The folder, or a file in it, cannot be read.
    #[error("languages_dir: {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// One of the operator's files.
    #[error("languages_dir: {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<LanguagesError>,
    },
}

/// A program that a language cannot make sense of: the program's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// No file to start from.
    #[error("no file of this job ends in {0}: name the file to start from")]
    NoMain(String),
    /// Several files to start from.
    #[error("several files could be the one to start from: name it ({0})")]
    ManyMains(String),
    /// A Java program without an entry point.
    #[error("no class in {0} has a main method")]
    NoMainClass(String),
}

/// A file of languages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LanguagesFile {
    language: Vec<Language>,
}

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
    /// The exit code by which its runtime says that memory ran out.
    #[serde(default)]
    pub out_of_memory_exit_code: Option<i32>,
}

/// How the file to start from is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// All sources make one program; which is first does not matter.
    Any,
    /// The only one with the language's extension, or the one called `main`.
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

/// What stands for the placeholders in a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    /// `{main}`: the path of the file to start from.
    pub main: String,
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

/// The languages that come with the runner.
///
/// # Errors
/// Where they cannot be read; a test holds that they can.
pub fn built_in() -> Result<Vec<Language>, LanguagesError> {
    parse(BUILT_IN)
}

/// The languages that come with the runner, and those in the `.toml` files of a folder of the operator's.
///
/// # Errors
/// Where a file cannot be read, or two languages share a name.
pub fn load(folder: Option<&Path>) -> Result<Vec<Language>, LanguagesError> {
    let mut languages = built_in()?;
    for path in folder.map_or_else(|| Ok(Vec::new()), toml_files)? {
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|source| LanguagesError::Read { path: path.clone(), source })?;
        let own = parse(&text);
        languages.extend(own.map_err(|source| LanguagesError::File { path, source: Box::new(source) })?);
    }
    check_names(&languages)?;
    Ok(languages)
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, LanguagesError> {
    let entries = std::fs::read_dir(folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
    let entries = entries.map_err(|source| LanguagesError::Read { path: folder.to_owned(), source })?;
    let paths = entries.into_iter().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "toml")).collect();
    files.sort_unstable();
    Ok(files)
}

/// Reads a languages file.
///
/// # Errors
/// Where it is not one, or two of its languages share a name.
pub fn parse(text: &str) -> Result<Vec<Language>, LanguagesError> {
    let languages = toml::from_str::<LanguagesFile>(text)?.language;
    check_names(&languages)?;
    Ok(languages)
}

fn check_names(languages: &[Language]) -> Result<(), LanguagesError> {
    let mut names: Vec<&String> =
        languages.iter().flat_map(|language| [&language.id].into_iter().chain(&language.aliases)).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(LanguagesError::Twice(pair[0].clone())),
        None => Ok(()),
    }
}

impl Language {
    /// Whether it has a compilation of its own.
    pub fn is_compiled(&self) -> bool {
        !self.compile.is_empty()
    }

    /// What the placeholders stand for in this job, whose steps may keep this many processors busy.
    ///
    /// # Errors
    /// [`ProgramError`], where the job does not say what to start.
    pub fn fill(&self, spec: &JobSpec, limits: &Limits, cpus: f64) -> Result<Fill, ProgramError> {
        let main = match &spec.main {
            Some(main) => main.clone(),
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
            main: plain_argument(&main),
            compile_args: spec.compile_args.clone(),
            memory_mib: mebibytes(limits.memory_bytes),
            cpus: whole_cpus(cpus),
        })
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

    fn is_source(&self, path: &str) -> bool {
        let extension =
            path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension);
        extension.is_some_and(|extension| self.extensions.iter().any(|own| own == extension))
    }

    fn find_main(&self, files: &[SourceFile]) -> Result<String, ProgramError> {
        let sources: Vec<&str> =
            files.iter().map(|file| file.path.as_str()).filter(|path| self.is_source(path)).collect();
        match sources.as_slice() {
            [] => Err(ProgramError::NoMain(self.extension_list())),
            [only] => Ok((*only).to_owned()),
            [first, ..] if self.entry == Entry::Any => Ok((*first).to_owned()),
            several => {
                let mut called_main = several.iter().filter(|path| stem(path).eq_ignore_ascii_case("main"));
                let mut by_content = self.with_main_method(files);
                match (called_main.next(), called_main.next()) {
                    (Some(main), None) => Ok((*main).to_owned()),
                    _ if by_content.len() == 1 => Ok(by_content.remove(0)),
                    _ => Err(ProgramError::ManyMains(several.join(", "))),
                }
            }
        }
    }

    fn with_main_method(&self, files: &[SourceFile]) -> Vec<String> {
        if self.entry != Entry::JavaClass {
            return Vec::new();
        }
        let sources = files.iter().filter(|file| self.is_source(&file.path));
        sources
            .filter(|file| java::find_main_class(&file.content.to_text()).is_some())
            .map(|file| file.path.clone())
            .collect()
    }

    fn extension_list(&self) -> String {
        self.extensions.iter().map(|extension| format!(".{extension}")).collect::<Vec<_>>().join(" or ")
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

/// A file's name must not be taken for an option of the compiler.
fn plain_argument(path: &str) -> String {
    if path.starts_with(['-', '@']) { format!("./{path}") } else { path.to_owned() }
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(id: &str) -> Language {
        built_in().unwrap().into_iter().find(|language| language.id == id).unwrap()
    }

    fn job(files: &[(&str, &str)]) -> JobSpec {
        let file =
            |(path, text): &(&str, &str)| SourceFile { path: (*path).to_owned(), content: (*text).into() };
        JobSpec { files: files.iter().map(file).collect(), ..JobSpec::default() }
    }

    const LIMITS: Limits = Limits {
        cpu_seconds: 2.0,
        wall_seconds: 10.0,
        memory_bytes: 256 << 20,
        processes: 32,
        output_bytes: 1 << 20,
        disk_bytes: 64 << 20,
    };

    #[test]
    fn the_languages_that_come_with_the_runner_can_be_read() {
        let ids: Vec<String> = built_in().unwrap().into_iter().map(|language| language.id).collect();
        assert_eq!(ids, ["python", "c", "cpp", "java"]);
    }

    #[test]
    fn an_operators_languages_come_on_top_and_a_wrong_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shell.toml");
        let shell = "[[language]]\nid = 'sh'\nname = 'Shell'\nextensions = ['sh']\nimage = 'python'\n\
                     version = ['dash']\nrun = ['sh', '{main}']\n";
        std::fs::write(&file, shell).unwrap();
        std::fs::write(folder.path().join("README"), "not a language").unwrap();
        let ids: Vec<String> =
            load(Some(folder.path())).unwrap().into_iter().map(|language| language.id).collect();
        assert_eq!(ids, ["python", "c", "cpp", "java", "sh"]);

        std::fs::write(&file, shell.replace("'sh'", "'c'")).unwrap();
        assert!(matches!(load(Some(folder.path())), Err(LanguagesError::Twice(name)) if name == "c"));
        std::fs::write(&file, "[[language]]\nid = 'sh'\n").unwrap();
        let error = load(Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains("shell.toml") && error.contains("missing field"), "{error}");
    }

    #[test]
    fn a_c_program_is_all_its_sources() {
        let spec =
            JobSpec { compile_args: vec!["-g".into()], ..job(&[("a.c", ""), ("-b.c", ""), ("c.h", "")]) };
        let c = language("c");
        let fill = c.fill(&spec, &LIMITS, 1.5).unwrap();
        let compile = command(&c.compile, &fill);
        assert!(compile.windows(2).any(|pair| pair == ["a.c", "./-b.c"]), "{compile:?}");
        assert!(compile.contains(&"-g".to_owned()));
        assert!(!compile.contains(&"c.h".to_owned()));
    }

    #[test]
    fn the_file_to_start_from_is_found_or_asked_for() {
        let python = language("python");
        let main = |files: &[(&str, &str)]| python.fill(&job(files), &LIMITS, 1.5).map(|fill| fill.main);
        assert_eq!(main(&[("hello.py", ""), ("data.txt", "")]), Ok("hello.py".into()));
        assert_eq!(main(&[("a.py", ""), ("main.py", "")]), Ok("main.py".into()));
        assert!(matches!(main(&[("a.py", ""), ("b.py", "")]), Err(ProgramError::ManyMains(_))));
        assert!(matches!(main(&[("a.txt", "")]), Err(ProgramError::NoMain(_))));
        let named = JobSpec { main: Some("b.py".into()), ..job(&[("a.py", ""), ("b.py", "")]) };
        assert_eq!(python.fill(&named, &LIMITS, 1.5).unwrap().main, "b.py");
    }

    #[test]
    fn the_java_class_is_found_in_the_file() {
        let java = language("java");
        let class = |files: &[(&str, &str)]| java.fill(&job(files), &LIMITS, 1.5).map(|fill| fill.class);
        let plain = "public class Main { public static void main(String[] a) {} }";
        assert_eq!(class(&[("Main.java", plain)]), Ok("Main".into()));
        let package = "package a.b; // class X { void main( }\nclass Helper { String s = \"class Y {\"; }\n\
                       class App { char c = '\"'; static void main (String... a) { new Helper(); } }";
        assert_eq!(
            class(&[("a/b/App.java", package), ("a/Other.java", "class Other {}")]),
            Ok("a.b.App".into())
        );
        assert!(matches!(class(&[("X.java", "class X {}")]), Err(ProgramError::NoMainClass(_))));
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
    fn a_part_of_a_processor_is_one() {
        assert_eq!([0.01, 1.0, 1.01, 64.0].map(whole_cpus), [1, 1, 2, 64]);
    }

    #[test]
    fn names_are_taken_once() {
        let two = "[[language]]\nid='a'\nname='A'\nextensions=['a']\nimage='i'\nversion=['v']\nrun=['r']\n"
            .repeat(2);
        assert!(matches!(parse(&two), Err(LanguagesError::Twice(_))));
        assert!(parse("[[language]]\nid='a'\ncolour='red'").unwrap_err().to_string().contains("colour"));
    }
}
