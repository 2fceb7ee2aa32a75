//! Rows of cells under headings.

use super::line::{Line, Style};

/// Blanks between two columns.
const GAP: usize = 2;

/// Where the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// A table in the making.
#[derive(Debug)]
pub(super) struct Table {
    aligns: Vec<Align>,
    rows: Vec<Vec<Line>>,
}

impl Table {
    pub(super) fn new(columns: &[(&str, Align)]) -> Self {
        let headings = columns.iter().map(|(name, _)| Line::of(Style::Dim, name)).collect();
        Self { aligns: columns.iter().map(|(_, align)| *align).collect(), rows: vec![headings] }
    }

    /// Adds a row: a cell for each column.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = (Style, String)>) {
        self.rows.push(cells.into_iter().map(|(style, text)| Line::of(style, &text)).collect());
    }

    /// The rows below their headings, each column as wide as its widest cell, in lines of at most
    /// `width` columns that begin with `indent` blanks.
    pub(super) fn lines(self, indent: usize, width: usize) -> Vec<Line> {
        let Self { aligns, rows } = self;
        let widest = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(Line::width).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..aligns.len()).map(widest).collect();
        rows.into_iter()
            .map(|row| {
                let mut line = Line::of(Style::Plain, &" ".repeat(indent));
                let mut column = indent;
                for ((cell, align), width) in row.into_iter().zip(&aligns).zip(&widths) {
                    let before = match align {
                        Align::Left => 0,
                        Align::Right => width - cell.width(),
                    };
                    let blanks = column + before - line.width();
                    line.push(Style::Plain, &" ".repeat(blanks));
                    line.append(cell);
                    column += width + GAP;
                }
                line.cut(width)
            })
            .collect()
    }
}
