//! Words that came from a peer and are shown to people.

/// The most characters that are kept of a reason.
const MAX_LINE: usize = 500;

/// One bounded line: a peer decides neither how many lines a log entry has nor what a terminal does with it.
pub(crate) fn line(text: &str) -> String {
    text.chars().take(MAX_LINE).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Whether this can be a name: not empty, short, printable.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_escapes_and_an_end() {
        assert_eq!(line("a\nb\x1b[31m"), "a b [31m");
        assert_eq!(line(&"x".repeat(1000)).len(), MAX_LINE);
    }
}
