//! The little that is read of Java source: which class to start. Pure.

use protocol::SourceFile;

use super::ProgramError;

pub(super) fn main_class(path: &str, files: &[SourceFile]) -> Result<String, ProgramError> {
    let text = files.iter().find(|file| file.path == path).map(|file| file.content.to_text());
    text.as_deref().and_then(find_main_class).ok_or_else(|| ProgramError::NoMainClass(path.to_owned()))
}

/// The full name of the class in a Java source whose main method starts the program: the last class declared
/// before it at the outermost level. Reads words, not grammar; comments and strings are skipped.
pub(super) fn find_main_class(source: &str) -> Option<String> {
    let mut package = String::new();
    let mut class: Option<String> = None;
    let mut depth = 0_u32;
    let words = words_of(source);
    for (index, word) in words.iter().enumerate() {
        let next = || words.get(index + 1).map(|word| (*word).to_owned());
        match *word {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            "package" if depth == 0 => package = package_name(&words[index + 1..]),
            "class" | "record" | "enum" | "interface" if depth == 0 => class = next().or(class),
            "main" if depth == 1 && next().as_deref() == Some("(") => {
                let class = class?;
                return Some(if package.is_empty() { class } else { format!("{package}.{class}") });
            }
            _ => {}
        }
    }
    None
}

fn package_name(words: &[&str]) -> String {
    words.iter().take_while(|word| **word != ";").copied().collect()
}

/// Splits Java source into words and single signs, without comments and literals.
fn words_of(source: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let mut words = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(text_block) = rest.strip_prefix("\"\"\"") {
            text_block.find("\"\"\"").map_or(rest.len(), |end| end + 6)
        } else if first == '"' || first == '\'' {
            literal_length(rest, first)
        } else if is_word(first) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            words.push(&rest[..length]);
            length
        } else {
            if !first.is_whitespace() {
                words.push(&rest[..first.len_utf8()]);
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    words
}

fn literal_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote || c == '\n' => return index + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}
