//! Which of a folder's files are tests. Pure.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::PathBuf;

use crate::folder::Found;

/// A test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What it is called.
    pub name: String,
    /// The folder within the tests' folder that it is in.
    pub group: Option<String>,
    /// The program's input.
    pub input: PathBuf,
    /// What is expected, where something is.
    pub expected: Option<PathBuf>,
}

/// The tests among these files, in the order in which people count.
pub fn find(files: &[Found]) -> Vec<Case> {
    let by_name: HashMap<&str, &Found> = files.iter().map(|file| (file.name.as_str(), file)).collect();
    let case = |file: &Found| {
        let (name, answers) = answers_of(&file.name)?;
        let expected = answers.iter().find_map(|answer| by_name.get(answer.as_str()));
        Some(Case {
            name,
            group: file.name.rsplit_once('/').map(|(group, _)| group.to_owned()),
            input: file.path.clone(),
            expected: expected.map(|file| file.path.clone()),
        })
    };
    let mut cases: Vec<Case> = files.iter().filter_map(case).collect();
    cases.sort_by(|one, other| natural(&one.name, &other.name));
    cases
}

/// The name of a test whose input is called so, and what its answer may be called: what a program wrote is often kept as
/// `.out` where the answer is an `.ans`.
fn answers_of(input: &str) -> Option<(String, Vec<String>)> {
    if let Some(name) = input.strip_suffix(".in") {
        return Some((name.to_owned(), vec![format!("{name}.ans"), format!("{name}.out")]));
    }
    let (folder, file) = input.rsplit_once('/').map_or(("", input), |(folder, file)| (folder, file));
    let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let number = file.strip_prefix("input")?.strip_suffix(".txt")?;
    Some((format!("{folder}input{number}"), vec![format!("{folder}output{number}.txt")]))
}

/// `2` comes before `10`.
fn natural(one: &str, other: &str) -> Ordering {
    let (mut one_parts, mut other_parts) = (parts(one), parts(other));
    loop {
        match (one_parts.next(), other_parts.next()) {
            // Names that count the same, as `1` and `01`, still have an order.
            (None, None) => return one.cmp(other),
            (one, other) => match one.cmp(&other) {
                Ordering::Equal => {}
                order => return order,
            },
        }
    }
}

/// A number, by its length first, or one character.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Number(usize, &'a str),
    Character(char),
}

fn parts(mut rest: &str) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (part, after) = rest.split_at(if digits > 0 { digits } else { first.len_utf8() });
        rest = after;
        let number = part.trim_start_matches('0');
        Some(if digits > 0 { Part::Number(number.len(), number) } else { Part::Character(first) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(names: &[&str]) -> Vec<(String, Option<String>, Option<String>)> {
        let file = |name: &&str| Found { name: (*name).into(), path: (*name).into(), size: 0 };
        let files: Vec<Found> = names.iter().map(file).collect();
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        find(&files).into_iter().map(|case| (case.name, case.group, case.expected.map(text))).collect()
    }

    #[test]
    fn inputs_find_their_answers() {
        let found = cases(&[
            "1.in",
            "1.out",
            "2.in",
            "2.ans",
            "2.out",
            "3.in",
            "a.out",
            "big/4.in",
            "big/4.ans",
            "input5.txt",
            "output5.txt",
            "big/input.txt",
            "big/output.txt",
            "notes.txt",
        ]);
        let case = |name: &str, group: Option<&str>, answer: Option<&str>| {
            (name.to_owned(), group.map(str::to_owned), answer.map(str::to_owned))
        };
        assert_eq!(
            found,
            [
                case("1", None, Some("1.out")),
                case("2", None, Some("2.ans")),
                case("3", None, None),
                case("big/4", Some("big"), Some("big/4.ans")),
                case("big/input", Some("big"), Some("big/output.txt")),
                case("input5", None, Some("output5.txt")),
            ]
        );
    }

    #[test]
    fn tests_come_in_the_order_in_which_people_count() {
        let names = ["10.in", "9.in", "b1.in", "1.in", "01.in", "a/10.in", "a/2.in", "b.in"];
        let found: Vec<String> = cases(&names).into_iter().map(|(name, _, _)| name).collect();
        assert_eq!(found, ["01", "1", "9", "10", "a/2", "a/10", "b", "b1"]);
    }
}
