//! The first place where what a program wrote is not what was expected. Pure.

use std::collections::HashMap;

use protocol::{Checker, Tolerance};

use crate::messages::testing as messages;

/// So many lines that agree are shown before it, and so many of each side from it on.
const BEFORE: usize = 2;
const AFTER: usize = 3;

/// The most characters of a line that are shown.
const WIDTH: usize = 80;

/// How many of them are shown before a difference that is further on.
const LEAD: usize = 20;

/// As lines: what both have begins with a space, what was expected with `-`, what was written with `+`. Nothing where no
/// difference shows.
pub fn diff(expected: &[u8], actual: &[u8], checker: Checker) -> Vec<String> {
    match checker {
        Checker::UnorderedLines => unordered(expected, actual),
        Checker::Custom => Vec::new(),
        _ => ordered(expected, actual, checker),
    }
}

fn ordered(expected: &[u8], actual: &[u8], checker: Checker) -> Vec<String> {
    let exact = checker == Checker::Exact;
    let (expected, actual) = (lines(expected, exact), lines(actual, exact));
    let longest = expected.len().max(actual.len());
    let differs = |index: &usize| match (expected.get(*index), actual.get(*index)) {
        (Some(expected), Some(actual)) => !same(expected, actual, checker),
        _ => true,
    };
    let Some(first) = (0..longest).find(differs) else { return Vec::new() };
    let mut shown = vec![messages::line(first + 1)];
    let from = first.saturating_sub(BEFORE);
    shown.extend(expected[from..first].iter().map(|line| show(' ', line, 0)));
    let column = match (expected.get(first), actual.get(first)) {
        (Some(expected), Some(actual)) => in_sight(expected, actual),
        _ => 0,
    };
    for (sign, lines) in [('-', &expected), ('+', &actual)] {
        let rest = lines.get(first..).unwrap_or_default();
        let starts = std::iter::once(column).chain(std::iter::repeat(0));
        shown.extend(rest.iter().zip(starts).take(AFTER).map(|(line, from)| show(sign, line, from)));
        if rest.is_empty() {
            shown.push(format!("{sign} {}", messages::NOTHING_MORE));
        } else if rest.len() > AFTER {
            shown.push(format!("{sign} …"));
        }
    }
    shown
}

/// Lines that only one side has, as many times as it has them more.
fn unordered(expected: &[u8], actual: &[u8]) -> Vec<String> {
    let filled = |text| lines(text, false).into_iter().filter(|line| !line.is_empty());
    let mut left: HashMap<&[u8], usize> = HashMap::new();
    filled(actual).for_each(|line| *left.entry(line).or_default() += 1);
    let mut missing = filled(expected).collect::<Vec<_>>();
    missing.retain(|line| !take(&mut left, line));
    let mut extra = filled(actual).collect::<Vec<_>>();
    extra.retain(|line| take(&mut left, line));
    let mut shown = Vec::new();
    for (sign, lines) in [('-', missing), ('+', extra)] {
        shown.extend(lines.iter().take(AFTER).map(|line| show(sign, line, 0)));
        if lines.len() > AFTER {
            shown.push(format!("{sign} {}", messages::and_more(lines.len() - AFTER)));
        }
    }
    shown
}

/// Takes one of these lines away, where there is one.
fn take(lines: &mut HashMap<&[u8], usize>, line: &[u8]) -> bool {
    lines.get_mut(line).filter(|count| **count > 0).map(|count| *count -= 1).is_some()
}

/// The lines, with their ends where every byte counts; else without what does not count.
fn lines(text: &[u8], exact: bool) -> Vec<&[u8]> {
    if exact {
        return text.split_inclusive(|byte| *byte == b'\n').collect();
    }
    text.trim_ascii_end().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect()
}

fn same(expected: &[u8], actual: &[u8], checker: Checker) -> bool {
    let tokens = |line| <[u8]>::split(line, u8::is_ascii_whitespace).filter(|token| !token.is_empty());
    match checker {
        Checker::Tokens => tokens(expected).eq(tokens(actual)),
        Checker::Float(tolerance) => {
            tokens(expected).count() == tokens(actual).count()
                && tokens(expected)
                    .zip(tokens(actual))
                    .all(|(expected, actual)| close(expected, actual, tolerance))
        }
        _ => expected == actual,
    }
}

fn close(expected: &[u8], actual: &[u8], tolerance: Tolerance) -> bool {
    let number = |token| std::str::from_utf8(token).ok()?.parse::<f64>().ok();
    match (number(expected), number(actual)) {
        (Some(expected), Some(actual)) => {
            let difference = (expected - actual).abs();
            difference <= tolerance.absolute || difference <= tolerance.relative * expected.abs()
        }
        _ => expected == actual,
    }
}

/// A line as it can be shown, from this character on.
fn show(sign: char, line: &[u8], from: usize) -> String {
    let text = picture(line);
    let mut rest = text.chars().skip(from);
    let before = if from > 0 { "…" } else { "" };
    let shown: String = rest.by_ref().take(WIDTH).collect();
    let after = if rest.next().is_some() { "…" } else { "" };
    format!("{sign} {before}{shown}{after}")
}

/// A line in which nothing is invisible, and nothing does anything to a terminal.
fn picture(line: &[u8]) -> String {
    let mut text = String::new();
    for chunk in line.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() { text.extend(c.escape_default()) } else { text.push(c) }
        }
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}

/// From where on two long lines are shown, so that their difference is in sight.
fn in_sight(one: &[u8], other: &[u8]) -> usize {
    let (one, other) = (picture(one), picture(other));
    let same = one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count();
    if same < WIDTH - LEAD { 0 } else { same - LEAD }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(expected: &str, actual: &str, checker: Checker) -> String {
        diff(expected.as_bytes(), actual.as_bytes(), checker).join("\n")
    }

    #[test]
    fn the_first_difference_is_shown_with_what_stands_around_it() {
        let (expected, actual) = ("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\nfour\n5\n");
        assert_eq!(
            text(expected, actual, Checker::Trimmed),
            "line 4:\n  2\n  3\n- 4\n- 5\n- 6\n- …\n+ four\n+ 5"
        );
        assert_eq!(text("1\n2\n", "1\n", Checker::Trimmed), "line 2:\n  1\n- 2\n+ (nothing more)");
        assert_eq!(text("", "x", Checker::Trimmed), "line 1:\n- \n+ x");
    }

    #[test]
    fn what_a_checker_passes_over_is_no_difference() {
        assert_eq!(text("a \nb\n\n", "a\nb", Checker::Trimmed), "");
        assert_eq!(text("a  b\n1", " a b\n2", Checker::Tokens), "line 2:\n  a  b\n- 1\n+ 2");
        let close = Checker::Float(Tolerance { absolute: 0.1, relative: 0.0 });
        assert_eq!(text("x 1.0\n2", "x 1.05\n3", close), "line 2:\n  x 1.0\n- 2\n+ 3");
        assert_eq!(text("a\nb\nb\n", "b\nc\na\n", Checker::UnorderedLines), "- b\n+ c");
        assert_eq!(text("a", "b", Checker::Custom), "");
    }

    #[test]
    fn what_has_no_picture_is_written_out() {
        assert_eq!(text("a\n", "a \n", Checker::Exact), "line 1:\n- a\\n\n+ a \\n");
        assert_eq!(text("a", "a\n", Checker::Exact), "line 1:\n- a\n+ a\\n");
        let shown = diff(b"a", b"\x1b[2J\xff\tb", Checker::Trimmed);
        assert_eq!(shown[2], "+ \\u{1b}[2J\\xff\\tb");
    }

    #[test]
    fn long_lines_are_cut_where_they_differ() {
        let long = "x".repeat(500);
        let shown =
            diff(format!("{long}1{long}").as_bytes(), format!("{long}2").as_bytes(), Checker::Trimmed);
        assert!(shown.iter().all(|line| line.chars().count() <= WIDTH + 4), "{shown:?}");
        assert!(
            shown[1].starts_with("- …xx") && shown[1].ends_with("xx…") && shown[1].contains('1'),
            "{shown:?}"
        );
        assert!(shown[2].ends_with("xx2"), "{shown:?}");
    }
}
