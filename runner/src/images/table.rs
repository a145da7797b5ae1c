//! The list of images, for people and for programs.

use std::io::{self, Write};

use indicatif::DecimalBytes;
use serde::Serialize;

use super::status::ImageStatus;

/// An image with its languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The image.
    #[serde(flatten)]
    pub status: ImageStatus,
    /// What runs in it.
    pub languages: Vec<LanguageVersion>,
}

/// A language in its image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LanguageVersion {
    /// Its id.
    pub id: String,
    /// What its toolchain says of its version, where the image is there.
    pub version: Option<String>,
}

pub(super) fn write_json(out: &mut impl Write, images: &[Listed]) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, images)?;
    writeln!(out)
}

/// A line for each language; what is said of its image stands in the first of them.
pub(super) fn write_table(out: &mut impl Write, images: &[Listed]) -> io::Result<()> {
    writeln!(
        out,
        "{:<10} {:<9} {:>10}  {:<19}  {:<12} VERSION",
        "IMAGE", "STATE", "SIZE", "CREATED", "LANGUAGE"
    )?;
    for Listed { status, languages } in images {
        let size = if status.present { DecimalBytes(status.size_bytes).to_string() } else { "-".to_owned() };
        let created = status.created.as_deref().map_or("-", to_the_second);
        let mut image = format!("{:<10} {:<9} {size:>10}  {created:<19}", status.name, state(status));
        for language in languages {
            let version = language.version.as_deref().unwrap_or("-");
            writeln!(out, "{image}  {:<12} {version}", language.id)?;
            image = " ".repeat(image.chars().count());
        }
        if languages.is_empty() {
            writeln!(out, "{image}  -            -")?;
        }
    }
    Ok(())
}

fn state(image: &ImageStatus) -> &'static str {
    match (image.present, image.current) {
        (false, _) => "missing",
        (true, false) => "outdated",
        (true, true) => "current",
    }
}

/// Docker writes nanoseconds, which nobody reads.
fn to_the_second(created: &str) -> &str {
    created.split('.').next().unwrap_or(created)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(present: bool, current: bool) -> Listed {
        let created = present.then(|| "2026-11-24T00:19:07.123456789Z".to_owned());
        let tag = "ruche/gcc:latest".to_owned();
        let status =
            ImageStatus { name: "gcc".into(), tag, present, current, size_bytes: 401_000_000, created };
        let language =
            |id: &str| LanguageVersion { id: id.into(), version: present.then(|| "gcc 12.2.0".into()) };
        Listed { status, languages: vec![language("c"), language("cpp")] }
    }

    #[test]
    fn the_table_says_what_state_each_image_is_in() {
        let mut out = Vec::new();
        write_table(&mut out, &[image(false, false), image(true, false), image(true, true)]).unwrap();
        let text = String::from_utf8(out).unwrap();
        let rows: Vec<_> =
            text.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>()).collect();
        assert_eq!(rows[0], ["gcc", "missing", "-", "-", "c", "-"]);
        assert_eq!(rows[2][1..], ["outdated", "401.00", "MB", "2026-11-24T00:19:07", "c", "gcc", "12.2.0"]);
        assert_eq!(rows[3], ["cpp", "gcc", "12.2.0"], "the image is said once");
        assert_eq!(rows[4][1], "current");
    }

    #[test]
    fn the_json_is_a_list_of_images_with_their_languages() {
        let mut out = Vec::new();
        write_json(&mut out, &[image(true, true)]).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value[0]["size_bytes"], 401_000_000);
        assert_eq!(value[0]["languages"][1]["version"], "gcc 12.2.0");
    }
}
