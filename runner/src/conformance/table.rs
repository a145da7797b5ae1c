//! What people are shown of the languages. Pure.

use indicatif::DecimalBytes;

use super::case::EXPECTED;
use super::{Finding, Report};

/// How long a version may be in the table.
const VERSION: usize = 40;

/// The table, and below it what went wrong.
pub fn lines(reports: &[Report]) -> Vec<String> {
    let heads = ["ID", "VERSION", "IMAGE", "SIZE", "HELLO"].into_iter().chain(EXPECTED).chain(["further"]);
    let heads: Vec<String> = heads.map(str::to_owned).collect();
    let rows: Vec<Vec<String>> = std::iter::once(heads).chain(reports.iter().map(row)).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut lines: Vec<String> = rows.iter().map(|row| line(row, &widths)).collect();
    lines.extend(reports.iter().flat_map(complaints));
    lines
}

fn row(report: &Report) -> Vec<String> {
    let version = report.version.as_deref().map_or("-".to_owned(), shortened);
    let size = match report.image_bytes {
        0 => "-".to_owned(),
        bytes => DecimalBytes(bytes).to_string(),
    };
    let hello = report.hello_ms.map_or("-".to_owned(), |ms| format!("{ms} ms"));
    let mut cells = vec![report.id.clone(), version, report.image.clone(), size, hello];
    cells.extend(EXPECTED.map(|name| {
        let found = report.cases.iter().find(|case| case.name == name);
        found.map_or("-", state).to_owned()
    }));
    let further: Vec<String> = report
        .cases
        .iter()
        .filter(|case| !EXPECTED.contains(&case.name.as_str()))
        .map(|case| format!("{} {}", case.name, state(case)))
        .collect();
    cells.push(further.join(", "));
    cells
}

fn state(case: &Finding) -> &'static str {
    if case.complaint.is_none() { "ok" } else { "FAILED" }
}

fn shortened(version: &str) -> String {
    match version.char_indices().nth(VERSION) {
        Some((end, _)) => format!("{}…", &version[..end]),
        None => version.to_owned(),
    }
}

/// The columns with sizes and times end together, all others begin together.
fn line(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
        3 | 4 => format!("{cell:>width$}"),
        _ => format!("{cell:width$}"),
    });
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

fn complaints(report: &Report) -> Vec<String> {
    let trouble = report.trouble.iter().map(|why| format!("✗ {}: {why}", report.id));
    let failed = report.cases.iter().filter_map(|case| Some((case, case.complaint.as_ref()?)));
    trouble.chain(failed.map(|(case, why)| format!("✗ {} {}: {why}", report.id, case.name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_stands_in_the_table_and_is_explained_below() {
        let case = |name: &str, complaint: Option<&str>| Finding {
            name: name.into(),
            complaint: complaint.map(str::to_owned),
        };
        let report = Report {
            id: "ada".into(),
            name: "Ada".into(),
            version: Some("GNATMAKE 12.2.0 with a very long tail of words".into()),
            image: "gnat".into(),
            image_bytes: 401_000_000,
            hello_ms: Some(812),
            trouble: None,
            cases: vec![
                case("exit", Some("the exit code is 1, not 7")),
                case("hello", None),
                case("tasks", None),
            ],
        };
        assert!(!report.is_fine());
        let lines = lines(&[report]);
        let words: Vec<&str> = lines[1].split_whitespace().collect();
        assert_eq!(words[..3], ["ada", "GNATMAKE", "12.2.0"]);
        assert!(lines[1].contains("401.00 MB") && lines[1].contains("812 ms"), "{}", lines[1]);
        assert!(lines[1].contains("ok") && lines[1].contains("FAILED") && lines[1].ends_with("tasks ok"));
        assert_eq!(lines[2], "✗ ada exit: the exit code is 1, not 7");
    }
}
