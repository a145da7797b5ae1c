//! Which language a program is written in, from the names of its files.

use std::collections::BTreeMap;
use std::path::Path;

use protocol::cluster::LanguageInfo;

use crate::program::Program;

/// Extensions that need no question to the cluster: it would cost a round trip before the job.
const COMMON: [(&str, &str); 6] =
    [("py", "python"), ("c", "c"), ("cpp", "cpp"), ("cc", "cpp"), ("cxx", "cpp"), ("java", "java")];

/// Why the files do not tell.
#[derive(Debug, PartialEq, Eq)]
pub enum Doubt {
    /// No name has a known extension.
    Unknown,
    /// They tell several languages, each by so many files.
    Several(Vec<(String, usize)>),
}

/// The language of files that were named, as far as the first of them that tells has a common extension; the main
/// file speaks first. What a folder is written in shows only against all languages that there are.
pub fn common(program: &Program) -> Option<&'static str> {
    let known = |extension: &str| {
        COMMON.iter().find(|(common, _)| common.eq_ignore_ascii_case(extension)).map(|(_, id)| *id)
    };
    names(program).filter(|_| program.named).filter_map(extension).find_map(known)
}

/// The language among those of the cluster. The main file decides; else the first of files that were named that tells, and
/// for a folder or an archive a file called `main`, or more than half of the files.
pub fn offered(program: &Program, languages: &[LanguageInfo]) -> Result<String, Doubt> {
    let language = |name: &str| {
        let extension = extension(name)?;
        let knows = |language: &&LanguageInfo| {
            language.extensions.iter().any(|known| known.eq_ignore_ascii_case(extension))
        };
        languages.iter().find(knows).map(|language| language.id.clone())
    };
    if program.named {
        return names(program).find_map(language).ok_or(Doubt::Unknown);
    }
    if let Some(told) = program.main.as_deref().and_then(language) {
        return Ok(told);
    }
    let told = || names(program).filter_map(|name| Some((name, language(name)?)));
    let mains = count(told().filter(|(name, _)| is_main(name)).map(|(_, language)| language));
    if let [(only, _)] = mains.as_slice() {
        return Ok(only.clone());
    }
    let counts = count(told().map(|(_, language)| language));
    let all: usize = counts.iter().map(|(_, files)| files).sum();
    match counts.first() {
        None => Err(Doubt::Unknown),
        Some((most, files)) if 2 * files > all => Ok(most.clone()),
        Some(_) => Err(Doubt::Several(counts)),
    }
}

/// Each language with its files, the one with the most first.
fn count(languages: impl Iterator<Item = String>) -> Vec<(String, usize)> {
    let mut counts = BTreeMap::new();
    languages.for_each(|language| *counts.entry(language).or_insert(0) += 1);
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, files)| std::cmp::Reverse(*files));
    counts
}

/// The main file's name, and all names.
fn names(program: &Program) -> impl Iterator<Item = &str> {
    program.main.as_deref().into_iter().chain(program.files.iter().map(|file| file.path.as_str()))
}

fn extension(name: &str) -> Option<&str> {
    Path::new(name).extension()?.to_str()
}

/// Whether a file in the program's own folder is called `main`.
fn is_main(name: &str) -> bool {
    let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str());
    !name.contains('/') && stem.is_some_and(|stem| stem.eq_ignore_ascii_case("main"))
}

#[cfg(test)]
mod tests {
    use protocol::SourceFile;

    use super::*;
    use crate::messages::fixtures::language;

    fn program(named: bool, main: Option<&str>, names: &[&str]) -> Program {
        let file = |name: &&str| SourceFile { path: (*name).into(), content: "".into() };
        Program {
            files: names.iter().map(file).collect(),
            main: main.map(str::to_owned),
            named,
            links: Vec::new(),
        }
    }

    #[test]
    fn the_first_named_file_that_tells_decides() {
        let common = |names: &[&str]| common(&program(true, None, names));
        assert_eq!(common(&["README", "util.h", "main.c"]), Some("c"));
        assert_eq!(common(&["a.CC", "b.py"]), Some("cpp"));
        assert_eq!(common(&["Makefile", "x.hs", ".py"]), None);
    }

    #[test]
    fn the_main_file_comes_before_the_others() {
        assert_eq!(common(&program(true, Some("go.py"), &["data.c", "go.py"])), Some("python"));
    }

    #[test]
    fn the_cluster_knows_more_extensions() {
        let languages = [language("haskell", &["hs", "lhs"])];
        let offered = |name: &str| offered(&program(true, None, &[name]), &languages);
        assert_eq!(offered("x.hs").as_deref(), Ok("haskell"));
        assert_eq!(offered("x.ml"), Err(Doubt::Unknown));
    }

    #[test]
    fn a_folder_is_in_the_language_of_its_main_file_or_of_most_of_its_files() {
        let languages = [language("c", &["c"]), language("python", &["py"])];
        let told = |main, names: &[&str]| {
            let program = program(false, main, names);
            assert_eq!(common(&program), None, "a folder needs all languages");
            offered(&program, &languages)
        };
        assert_eq!(told(None, &["README", "a.c", "a.h"]).as_deref(), Ok("c"));
        assert_eq!(told(Some("x.py"), &["a.c", "b.c", "x.py"]).as_deref(), Ok("python"));
        assert_eq!(told(None, &["a.c", "b.c", "Main.py"]).as_deref(), Ok("python"));
        assert_eq!(told(None, &["a.c", "b.c", "tools/main.py"]).as_deref(), Ok("c"));
        assert_eq!(told(None, &["a.txt"]), Err(Doubt::Unknown));
        let tied = vec![("c".to_owned(), 1), ("python".to_owned(), 1)];
        assert_eq!(told(None, &["a.c", "b.py"]), Err(Doubt::Several(tied)));
        assert!(matches!(told(None, &["main.c", "main.py"]), Err(Doubt::Several(_))));
    }
}
