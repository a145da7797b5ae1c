//! Which file a program starts from. Pure.

use protocol::SourceFile;

use super::{Entry, Language, java};

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

impl Language {
    pub(super) fn is_source(&self, path: &str) -> bool {
        let extension =
            path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension);
        extension.is_some_and(|extension| self.extensions.iter().any(|own| own == extension))
    }

    pub(super) fn find_main(&self, files: &[SourceFile]) -> Result<String, ProgramError> {
        let sources: Vec<&str> =
            files.iter().map(|file| file.path.as_str()).filter(|path| self.is_source(path)).collect();
        match sources.as_slice() {
            [] => Err(ProgramError::NoMain(self.extension_list())),
            [only] => Ok((*only).to_owned()),
            [first, ..] if self.entry == Entry::Any => Ok((*first).to_owned()),
            several => match called_main(several).as_slice() {
                [only] => Ok((*only).to_owned()),
                _ => match self.with_main_method(files).as_slice() {
                    [only] => Ok(only.clone()),
                    _ => Err(ProgramError::ManyMains(several.join(", "))),
                },
            },
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

/// Those called `main` that lie nearest to the top.
fn called_main<'a>(paths: &[&'a str]) -> Vec<&'a str> {
    let depth = |path: &&str| path.matches('/').count();
    let called = paths.iter().copied().filter(|path| stem(path).eq_ignore_ascii_case("main"));
    let called: Vec<&str> = called.collect();
    let least = called.iter().map(depth).min();
    called.into_iter().filter(|path| Some(depth(path)) == least).collect()
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{LIMITS, job, language};
    use super::*;

    #[test]
    fn the_file_to_start_from_is_found_or_asked_for() {
        let python = language("python");
        let main = |files: &[(&str, &str)]| python.fill(&job(files), &LIMITS, 1.5).map(|fill| fill.main);
        assert_eq!(main(&[("hello.py", ""), ("data.txt", "")]), Ok("hello.py".into()));
        assert_eq!(main(&[("a.py", ""), ("main.py", "")]), Ok("main.py".into()));
        assert_eq!(main(&[("lib/main.py", ""), ("main.py", ""), ("a.py", "")]), Ok("main.py".into()));
        assert!(matches!(main(&[("a/main.py", ""), ("b/main.py", "")]), Err(ProgramError::ManyMains(_))));
        assert!(matches!(main(&[("a.py", ""), ("b.py", "")]), Err(ProgramError::ManyMains(_))));
        assert!(matches!(main(&[("a.txt", "")]), Err(ProgramError::NoMain(_))));
        let named = protocol::JobSpec { main: Some("b.py".into()), ..job(&[("a.py", ""), ("b.py", "")]) };
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
        let in_package = format!("package com.example;\n{plain}");
        let helper = ("src/com/example/Helper.java", "package com.example; class Helper {}");
        assert_eq!(
            class(&[helper, ("src/com/example/Main.java", &in_package)]),
            Ok("com.example.Main".into()),
            "folders above a package's do not matter"
        );
        assert!(matches!(class(&[("X.java", "class X {}")]), Err(ProgramError::NoMainClass(_))));
    }

    #[test]
    fn a_project_needs_no_file_to_start_from() {
        let c = language("c");
        let make = job(&[("Makefile", "program:"), ("source.s", "")]);
        assert_eq!(c.project(&make).map(|project| project.file.as_str()), Some("Makefile"));
        assert_eq!(c.fill(&make, &LIMITS, 1.0).unwrap().main, "");
        assert!(
            c.project(&job(&[("sub/Makefile", ""), ("a.c", "")])).is_none(),
            "only the top folder's counts"
        );
        assert!(language("python").fill(&make, &LIMITS, 1.0).is_err());
    }
}
