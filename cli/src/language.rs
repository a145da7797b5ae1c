//! Which language a program is written in, from the names of its files.

use std::path::{Path, PathBuf};

use protocol::cluster::LanguageInfo;

/// Extensions that need no question to the cluster: it would cost a round trip before the job.
const COMMON: [(&str, &str); 6] =
    [("py", "python"), ("c", "c"), ("cpp", "cpp"), ("cc", "cpp"), ("cxx", "cpp"), ("java", "java")];

/// The language of the first file with a common extension; the main file speaks first.
pub fn common(main: Option<&Path>, files: &[PathBuf]) -> Option<&'static str> {
    let known = |extension: &str| {
        COMMON.iter().find(|(common, _)| common.eq_ignore_ascii_case(extension)).map(|(_, id)| *id)
    };
    extensions(main, files).find_map(known)
}

/// The same, among the languages of the cluster.
pub fn offered(main: Option<&Path>, files: &[PathBuf], languages: &[LanguageInfo]) -> Option<String> {
    extensions(main, files).find_map(|extension| {
        let knows = |language: &&LanguageInfo| {
            language.extensions.iter().any(|known| known.eq_ignore_ascii_case(extension))
        };
        languages.iter().find(knows).map(|language| language.id.clone())
    })
}

fn extensions<'a>(main: Option<&'a Path>, files: &'a [PathBuf]) -> impl Iterator<Item = &'a str> {
    let paths = main.into_iter().chain(files.iter().map(PathBuf::as_path));
    paths.filter_map(|path| path.extension()?.to_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn the_first_file_that_tells_decides() {
        assert_eq!(common(None, &paths(&["README", "util.h", "main.c"])), Some("c"));
        assert_eq!(common(None, &paths(&["a.CC", "b.py"])), Some("cpp"));
        assert_eq!(common(None, &paths(&["Makefile", "x.hs", ".py"])), None);
    }

    #[test]
    fn the_main_file_comes_before_the_others() {
        assert_eq!(common(Some(Path::new("go.py")), &paths(&["data.c", "go.py"])), Some("python"));
    }

    #[test]
    fn the_cluster_knows_more_extensions() {
        let languages = [crate::messages::fixtures::language("haskell", &["hs", "lhs"])];
        assert_eq!(offered(None, &paths(&["x.hs"]), &languages).as_deref(), Some("haskell"));
        assert_eq!(offered(None, &paths(&["x.ml"]), &languages), None);
    }
}
