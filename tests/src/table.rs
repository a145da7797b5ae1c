//! Tables for people.

/// Rows with their columns under each other: the first to the left, the others to the right.
pub fn columns(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| match (column, width(column)) {
            (0, width) => format!("  {cell:<width$}"),
            (_, width) => format!("  {cell:>width$}"),
        });
        cells.collect::<String>().trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// The same as Markdown has it; the first row is the head.
pub fn markdown(rows: &[Vec<String>]) -> String {
    let line = |row: &Vec<String>| format!("| {} |\n", row.join(" | "));
    let rule = |row: &Vec<String>| {
        let rest = row.iter().skip(1).map(|_| " ---: |");
        format!("| --- |{}\n", rest.collect::<String>())
    };
    let Some(head) = rows.first() else { return String::new() };
    let body: String = rows[1..].iter().map(line).collect();
    line(head) + &rule(head) + &body
}
