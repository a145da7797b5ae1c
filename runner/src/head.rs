//! What is expected of a program, in a comment at the head of its own source, so that both are one file. Pure.

/// How a line of such a head begins, in each language's own comments.
const MARKS: [&str; 7] = ["//= ", "#= ", "-- = ", ";= ", "%= ", "!= ", "(*= "];

/// How a comment ends that does not end with its line.
const END: &str = " *)";

/// The lines at the head of a source that are not for its compiler, as TOML. One line may stand before them, where
/// the language wants it (`<?php`).
pub fn read(source: &str) -> String {
    let mut lines = source.lines().peekable();
    lines.next_if(|first| line(first).is_none());
    lines.map_while(line).flat_map(|line| [line, "\n"]).collect()
}

fn line(line: &str) -> Option<&str> {
    let (mark, rest) = MARKS.iter().find_map(|mark| Some((mark, line.strip_prefix(mark)?)))?;
    Some(if mark.starts_with("(*") { rest.strip_suffix(END).unwrap_or(rest) } else { rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_the_comment_that_a_source_begins_with() {
        assert_eq!(read("#= a = 1\n#= b = 2\nprint()\n#= c = 3\n"), "a = 1\nb = 2\n");
        assert_eq!(read("<?php\n//= a = 1\necho 1;\n"), "a = 1\n");
        assert_eq!(read("(*= a = \"(*\" *)\nlet () = ()\n"), "a = \"(*\"\n");
        for comment in ["-- = x = 1", ";= x = 1", "%= x = 1", "!= x = 1"] {
            assert_eq!(read(comment), "x = 1\n");
        }
        assert_eq!(read("int main;\nint x;\n//= a = 1\n"), "");
    }
}
