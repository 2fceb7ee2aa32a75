//! Rows of text in columns.

use std::io::{self, Write};

/// A table that is written when it is complete.
pub(crate) struct Table {
    columns: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this head.
    pub(crate) fn new(head: &[&str]) -> Self {
        let first = head.iter().map(|&cell| cell.to_owned()).collect();
        Self { columns: head.len(), rows: vec![first] }
    }

    /// Adds a row; cells that are missing at its end are empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut cells: Vec<_> = cells.into_iter().collect();
        cells.resize(self.columns, String::new());
        self.rows.push(cells);
    }

    /// Writes it aligned for people, or as Markdown.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn write(&self, out: &mut impl Write, markdown: bool) -> io::Result<()> {
        if markdown { self.write_markdown(out) } else { self.write_aligned(out) }
    }

    fn write_markdown(&self, out: &mut impl Write) -> io::Result<()> {
        for (number, row) in self.rows.iter().enumerate() {
            let cells: Vec<_> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            writeln!(out, "| {} |", cells.join(" | "))?;
            if number == 0 {
                writeln!(out, "|{}", "---|".repeat(self.columns))?;
            }
        }
        Ok(())
    }

    fn write_aligned(&self, out: &mut impl Write) -> io::Result<()> {
        // A reason that stands in for the figures after it may run over their columns.
        let alone = |row: &[String], column: usize| row[column + 1..].iter().all(String::is_empty);
        let mut widths = vec![0; self.columns];
        for row in &self.rows {
            for (column, cell) in row.iter().enumerate().filter(|(column, _)| !alone(row, *column))
            {
                widths[column] = widths[column].max(cell.chars().count());
            }
        }
        for row in &self.rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    fn written(markdown: bool) -> std::io::Result<String> {
        let mut table = Table::new(&["a", "bb", "c"]);
        table.row(["1".to_owned(), "2".to_owned(), "3".to_owned()]);
        table.row(["4".to_owned(), "why | not".to_owned()]);
        let mut out = Vec::new();
        table.write(&mut out, markdown)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn columns_are_as_wide_as_their_figures() -> std::io::Result<()> {
        assert_eq!(written(false)?, "a  bb  c\n1  2   3\n4  why | not\n");
        Ok(())
    }

    #[test]
    fn markdown_has_a_rule_under_its_head_and_as_many_cells_in_each_row() -> std::io::Result<()> {
        let expected = "| a | bb | c |\n|---|---|---|\n| 1 | 2 | 3 |\n| 4 | why \\| not |  |\n";
        assert_eq!(written(true)?, expected);
        Ok(())
    }
}
