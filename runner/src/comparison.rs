//! Whether a program wrote what was expected. Pure.

use protocol::{Checker, Tolerance};

/// Whether actual output is what was expected, by one of the checkers that come with the runner. A job's own checker is
/// not among them: it never says that two outputs are the same here.
pub fn matches(actual: &[u8], expected: &[u8], checker: Checker) -> bool {
    match checker {
        Checker::Exact => actual == expected,
        Checker::Trimmed => trimmed_lines(actual).eq(trimmed_lines(expected)),
        Checker::Tokens => tokens(actual).eq(tokens(expected)),
        Checker::UnorderedLines => sorted_lines(actual) == sorted_lines(expected),
        Checker::Float(tolerance) => are_close(actual, expected, tolerance),
        Checker::Custom => false,
    }
}

/// Lines without white space at their ends, and without the empty ones at the end.
fn trimmed_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.trim_ascii_end().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end)
}

fn sorted_lines(text: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = trimmed_lines(text).filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    lines
}

fn tokens(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|token| !token.is_empty())
}

fn are_close(actual: &[u8], expected: &[u8], tolerance: Tolerance) -> bool {
    let (mut actual, mut expected) = (tokens(actual), tokens(expected));
    loop {
        match (actual.next(), expected.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) => match (number(one), number(other)) {
                (Some(one), Some(other)) if is_close(one, other, tolerance) => {}
                _ => return false,
            },
            _ => return false,
        }
    }
}

/// A finite number. Words like `inf` and `nan` are compared as words.
fn number(token: &[u8]) -> Option<f64> {
    std::str::from_utf8(token).ok()?.parse().ok().filter(|number: &f64| number.is_finite())
}

fn is_close(actual: f64, expected: f64, tolerance: Tolerance) -> bool {
    let difference = (actual - expected).abs();
    difference <= tolerance.absolute || difference <= tolerance.relative * expected.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_counts_for_some() {
        assert!(matches(b"1 \n2\n\n", b"1\n2", Checker::Trimmed));
        assert!(matches(b"1\r\n2\r\n", b"1\n2\n", Checker::Trimmed));
        assert!(!matches(b" 1", b"1", Checker::Trimmed));
        assert!(!matches(b"1\n\n2", b"1\n2", Checker::Trimmed));
        assert!(matches(b"1\n", b"1\n", Checker::Exact));
        assert!(!matches(b"1\n", b"1", Checker::Exact));
        assert!(matches(b" 1\n\n2\t3", b"1 2\n3\n", Checker::Tokens));
        assert!(!matches(b"12 3", b"1 2 3", Checker::Tokens));
        assert!(!matches(b"1 2", b"1 2 3", Checker::Tokens));
        assert!(matches(b"", b" \n", Checker::Tokens));
    }

    #[test]
    fn lines_may_come_in_any_order_each_as_often_as_expected() {
        let any = Checker::UnorderedLines;
        assert!(matches(b"b \n\na\nb", b"a\nb\nb\n", any));
        assert!(!matches(b"a\nb", b"a\nb\nb", any));
        assert!(!matches(b"a b", b"a\nb", any));
    }

    #[test]
    fn numbers_may_differ_a_little_and_words_may_not() {
        let default = Checker::Float(Tolerance::default());
        assert!(matches(b"x = 0.3333333\n1e10", b"x = 0.3333334 10000000001", default));
        assert!(!matches(b"y 1", b"x 1", default));
        assert!(!matches(b"1.1", b"1", default));
        assert!(!matches(b"1 1", b"1", default));
        let coarse = Checker::Float(Tolerance { absolute: 0.0, relative: 0.01 });
        assert!(matches(b"-101", b"-100", coarse));
        assert!(!matches(b"0.001", b"0", coarse));
        for word in ["nan", "inf", "-inf", "infinity"] {
            assert!(matches(word.as_bytes(), word.as_bytes(), default));
            assert!(!matches(word.as_bytes(), b"1", default));
            assert!(!matches(b"1", word.as_bytes(), default), "{word}");
        }
    }
}
