//! Tables for people: aligned columns that fit the terminal. Pure.

/// The narrowest that a column is made to fit.
const NARROWEST: usize = 6;

/// The space between columns.
const GAP: &str = "  ";

/// On which side a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Lays rows out below their heads, one line each. Where they are wider than `width` the widest columns are
/// cut, with `…`, and at last the lines.
pub fn lines<const N: usize>(
    heads: [&str; N],
    align: [Align; N],
    rows: &[[String; N]],
    width: usize,
) -> Vec<String> {
    let heads = heads.map(str::to_owned);
    let used: [bool; N] = std::array::from_fn(|column| rows.iter().any(|row| !row[column].is_empty()));
    let all = || std::iter::once(&heads).chain(rows);
    let mut widths: [usize; N] =
        std::array::from_fn(|column| all().map(|row| length(&row[column])).max().unwrap_or(0));
    // A column with nothing in it, such as the reasons of runners that are all available, is left out.
    widths.iter_mut().zip(used).filter(|(_, used)| !used).for_each(|(width, _)| *width = 0);
    shrink(&mut widths, width);
    all().map(|row| line(row, &align, &widths, width)).collect()
}

/// Takes from the widest column, one character at a time, until the line fits or all are narrow.
fn shrink(widths: &mut [usize], total: usize) {
    loop {
        let shown = widths.iter().filter(|width| **width > 0).count();
        let needed = widths.iter().sum::<usize>() + GAP.len() * shown.saturating_sub(1);
        match widths.iter_mut().max() {
            Some(widest) if needed > total && *widest > NARROWEST => *widest -= 1,
            _ => return,
        }
    }
}

fn line(row: &[String], align: &[Align], widths: &[usize], total: usize) -> String {
    let cells = row.iter().zip(align).zip(widths).filter(|(_, width)| **width > 0);
    let cells = cells.map(|((text, align), width)| {
        let text = cut(text, *width);
        let space = " ".repeat(width - length(&text));
        match align {
            Align::Left => text + &space,
            Align::Right => space + &text,
        }
    });
    cut(cells.collect::<Vec<_>>().join(GAP).trim_end(), total)
}

fn cut(text: &str, width: usize) -> String {
    match length(text) > width {
        true => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALIGN: [Align; 3] = [Align::Left, Align::Right, Align::Left];

    fn table(rows: &[[&str; 3]], width: usize) -> Vec<String> {
        let rows: Vec<[String; 3]> = rows.iter().map(|row| row.map(str::to_owned)).collect();
        lines(["NAME", "CPU", "WHY"], ALIGN, &rows, width)
    }

    #[test]
    fn columns_are_aligned() {
        assert_eq!(
            table(&[["lab-1", "7 %", ""], ["é", "100 %", "full"]], 80),
            ["NAME     CPU  WHY", "lab-1    7 %", "é      100 %  full",]
        );
    }

    #[test]
    fn a_column_without_content_is_left_out() {
        assert_eq!(table(&[["lab-1", "7 %", ""]], 80), ["NAME   CPU", "lab-1  7 %"]);
    }

    #[test]
    fn the_widest_column_gives_way_to_the_terminal() {
        let rows = [["lab-1", "7 %", "cpu 93 % over max_cpu_percent 85"]];
        assert_eq!(table(&rows, 24)[1], "lab-1  7 %  cpu 93 % ov…");
        assert!(table(&rows, 10).iter().all(|line| length(line) <= 10));
    }

    #[test]
    fn a_table_without_rows_is_its_heads() {
        assert_eq!(table(&[], 80), [""]);
    }
}
