//! Patterns of paths: `*` and `?` within a name, `[…]` for one of some characters, `**` for any folders. Patterns and
//! names are both strangers' choices, so what matching costs is counted.

use std::collections::BTreeSet;

/// Where a [`Matcher`] stands in a folder: which segment of which pattern comes next. It is over once nothing comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(BTreeSet<(usize, usize)>);

/// A set of patterns, and how much work matching them may still be.
#[derive(Debug)]
pub struct Matcher {
    patterns: Vec<Vec<Segment>>,
    steps_left: u64,
}

/// What stands between two `/`.
#[derive(Debug, PartialEq)]
enum Segment {
    /// `**`: any folders, also none.
    Folders,
    /// One name.
    Name(Vec<Piece>),
}

#[derive(Debug, PartialEq)]
enum Piece {
    /// `*`
    Anything,
    /// `?`
    Any,
    /// `[a-z]`, or `[!a-z]`.
    Among {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
    Exactly(char),
}

impl Matcher {
    /// One that gives up after so many comparisons of a character.
    pub fn new(patterns: &[String], steps: u64) -> Self {
        Self { patterns: patterns.iter().map(|pattern| parse(pattern)).collect(), steps_left: steps }
    }

    /// Where it stands at the top.
    pub fn start(&self) -> Place {
        let mut place = Place(BTreeSet::new());
        (0..self.patterns.len()).for_each(|pattern| self.add(&mut place, pattern, 0));
        place
    }

    /// Where it stands behind a name.
    pub fn after(&mut self, place: &Place, name: &str) -> Place {
        self.steps_left = self.steps_left.saturating_sub(place.0.len() as u64);
        let name: Vec<char> = name.chars().collect();
        let mut next = Place(BTreeSet::new());
        for &(pattern, index) in &place.0 {
            match self.patterns.get(pattern).and_then(|segments| segments.get(index)) {
                Some(Segment::Folders) => self.add(&mut next, pattern, index),
                Some(Segment::Name(pieces)) if fits(pieces, &name, &mut self.steps_left) => {
                    self.add(&mut next, pattern, index + 1);
                }
                _ => {}
            }
        }
        next
    }

    /// Whether a pattern ends here: it matches.
    pub fn is_match(&self, place: &Place) -> bool {
        place
            .0
            .iter()
            .any(|(pattern, index)| self.patterns.get(*pattern).is_some_and(|it| it.len() == *index))
    }

    /// Whether a pattern goes on here: something in this folder may match.
    pub fn leads_on(&self, place: &Place) -> bool {
        place.0.iter().any(|(pattern, index)| self.patterns.get(*pattern).is_some_and(|it| it.len() > *index))
    }

    /// Whether it has given up: nothing matches any more.
    pub fn is_exhausted(&self) -> bool {
        self.steps_left == 0
    }

    /// Adds a segment that comes next, and the one behind it where it may stand for nothing.
    fn add(&self, place: &mut Place, pattern: usize, index: usize) {
        let Some(segments) = self.patterns.get(pattern) else { return };
        let folders = segments.iter().skip(index).take_while(|segment| **segment == Segment::Folders).count();
        place.0.extend((index..=index + folders).map(|index| (pattern, index)));
    }
}

fn parse(pattern: &str) -> Vec<Segment> {
    let mut segments: Vec<Segment> = pattern.split('/').map(parse_segment).collect();
    // Several in a row stand for no more than one does.
    segments.dedup_by(|second, first| *second == Segment::Folders && *first == Segment::Folders);
    if segments.last() == Some(&Segment::Folders) {
        segments.push(Segment::Name(vec![Piece::Anything]));
    }
    segments
}

fn parse_segment(text: &str) -> Segment {
    if text == "**" {
        return Segment::Folders;
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
        match first {
            '*' if pieces.last() == Some(&Piece::Anything) => {}
            '*' => pieces.push(Piece::Anything),
            '?' => pieces.push(Piece::Any),
            '[' => match parse_among(rest) {
                Some((piece, behind)) => {
                    pieces.push(piece);
                    rest = behind;
                }
                None => pieces.push(Piece::Exactly('[')),
            },
            other => pieces.push(Piece::Exactly(other)),
        }
    }
    Segment::Name(pieces)
}

/// Reads what follows a `[`, and what stands behind its `]`; nothing where there is none. A `]` that comes first is
/// one of the characters.
fn parse_among(text: &str) -> Option<(Piece, &str)> {
    let inner = text.strip_prefix(['!', '^']);
    let negated = inner.is_some();
    let inner = inner.unwrap_or(text);
    let first = inner.chars().next()?;
    let end = first.len_utf8() + inner.get(first.len_utf8()..)?.find(']')?;
    let characters: Vec<char> = inner.get(..end)?.chars().collect();
    let mut ranges = Vec::new();
    let mut rest = characters.as_slice();
    while let [first, behind @ ..] = rest {
        rest = match behind {
            ['-', last, behind @ ..] => {
                ranges.push((*first, *last));
                behind
            }
            behind => {
                ranges.push((*first, *first));
                behind
            }
        };
    }
    Some((Piece::Among { ranges, negated }, inner.get(end + 1..)?))
}

/// Whether a whole name fits. Only the last `*` is ever tried again, so this takes at most as many steps as the product
/// of both lengths.
fn fits(pieces: &[Piece], name: &[char], steps_left: &mut u64) -> bool {
    let (mut piece, mut character) = (0, 0);
    // The last `*`, and the character up to which it reaches.
    let mut star: Option<(usize, usize)> = None;
    while character < name.len() || piece < pieces.len() {
        let Some(left) = steps_left.checked_sub(1) else { return false };
        *steps_left = left;
        match (pieces.get(piece), name.get(character)) {
            (Some(Piece::Anything), _) => {
                star = Some((piece, character));
                piece += 1;
            }
            (Some(wanted), Some(actual)) if is_one(wanted, *actual) => {
                piece += 1;
                character += 1;
            }
            _ => match &mut star {
                Some((at, reach)) if *reach < name.len() => {
                    *reach += 1;
                    (piece, character) = (*at + 1, *reach);
                }
                _ => return false,
            },
        }
    }
    true
}

fn is_one(piece: &Piece, character: char) -> bool {
    match piece {
        Piece::Any | Piece::Anything => true,
        Piece::Exactly(wanted) => *wanted == character,
        Piece::Among { ranges, negated } => {
            ranges.iter().any(|(first, last)| (*first..=*last).contains(&character)) != *negated
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: u64 = 1_000_000;

    fn matches(pattern: &str, path: &str) -> bool {
        let mut matcher = Matcher::new(&[pattern.to_owned()], MANY);
        let mut place = matcher.start();
        for name in path.split('/') {
            place = matcher.after(&place, name);
        }
        matcher.is_match(&place)
    }

    #[test]
    fn stars_and_question_marks_stay_within_a_name() {
        for (pattern, path) in [
            ("*", "a"),
            ("*.png", "plot.png"),
            ("*.png", ".png"),
            ("*", ".hidden"),
            ("out/*", "out/a.txt"),
            ("*/b", "a/b"),
            ("a*b*c", "aXbYbZc"),
            ("??", "éß"),
            ("plain", "plain"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("*", "a/b"),
            ("*.png", "a.png.txt"),
            ("*.png", "d/a.png"),
            ("?", ""),
            ("?", "ab"),
            ("a*b", "ac"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn two_stars_stand_for_any_folders() {
        for path in ["a.png", "d/a.png", "d/e/f/a.png"] {
            assert!(matches("**/*.png", path), "{path}");
            assert!(matches("**", path), "{path}");
            assert!(matches("**/**/**", path), "{path}");
        }
        assert!(matches("a/**/z", "a/z"));
        assert!(matches("a/**/z", "a/b/c/z"));
        assert!(matches("a/**", "a/b/c"));
        assert!(matches("a**z", "abcz"));
        assert!(!matches("a/**", "a"));
        assert!(!matches("a/**/z", "a/b"));
        assert!(!matches("a**z", "a/z"));
    }

    #[test]
    fn brackets_stand_for_one_of_some_characters() {
        for (pattern, path) in [
            ("[abc]", "b"),
            ("run[0-9].txt", "run7.txt"),
            ("[!a-c]", "d"),
            ("[^a]", "b"),
            ("[]]", "]"),
            ("[!]]", "a"),
            ("[a-]", "-"),
            ("[é-ü]", "ö"),
            ("a[", "a["),
            ("[]", "[]"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [("[abc]", "d"), ("[abc]", ""), ("[!a]", "a"), ("[c-a]", "b"), ("[*]", "x")] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn a_folder_is_entered_only_where_something_in_it_may_match() {
        let patterns = ["*.png".to_owned(), "out/**/*.csv".to_owned()];
        let mut matcher = Matcher::new(&patterns, MANY);
        let top = matcher.start();
        let out = matcher.after(&top, "out");
        assert!(matcher.leads_on(&out) && !matcher.is_match(&out));
        let deep = matcher.after(&out, "deep");
        assert!(matcher.leads_on(&deep));
        let other = matcher.after(&top, "other");
        assert!(!matcher.leads_on(&other) && !matcher.is_match(&other));
    }

    #[test]
    fn hostile_patterns_take_few_steps_and_a_matcher_gives_up() {
        let name = "a".repeat(255);
        let pattern = format!("*{}b", "a".repeat(127));
        let mut matcher = Matcher::new(std::slice::from_ref(&pattern), MANY);
        let place = matcher.start();
        let after = matcher.after(&place, &name);
        assert!(!matcher.is_match(&after));
        assert!(MANY - matcher.steps_left < 2 * 255 * 255, "{}", MANY - matcher.steps_left);
        for _ in 0..100 {
            matcher.after(&place, &name);
        }
        assert!(matcher.is_exhausted());

        let folders = ["**/".repeat(60) + "x"];
        let mut matcher = Matcher::new(&folders, MANY);
        let mut place = matcher.start();
        for _ in 0..100 {
            place = matcher.after(&place, "y");
        }
        assert!(place.0.len() <= 2);
        let zigzag = ["**/a/".repeat(40) + "x"];
        let mut matcher = Matcher::new(&zigzag, MANY);
        let mut place = matcher.start();
        for _ in 0..100 {
            place = matcher.after(&place, "a");
        }
        assert!(place.0.len() <= 81, "{}", place.0.len());
    }
}
