//! Owns the plain columns that people read.

use std::fmt;

use super::console::printable;

/// Columns under headings.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<Cell>>,
}

/// A cell's text and on which side it stands.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Text(String),
    Number(String),
}

impl Table {
    /// A table with these headings; what stands on which side is told by the cells below.
    pub(super) fn new(headings: &[&str]) -> Self {
        let heading = |text: &&str| Cell::Text((*text).to_owned());
        Self {
            rows: vec![headings.iter().map(heading).collect()],
        }
    }

    pub(super) fn push(&mut self, row: impl IntoIterator<Item = Cell>) {
        self.rows.push(row.into_iter().collect());
    }

    fn is_number(&self, column: usize) -> bool {
        self.rows.iter().skip(1).any(|row| matches!(row.get(column), Some(Cell::Number(_))))
    }
}

pub(super) fn text(text: impl AsRef<str>) -> Cell {
    Cell::Text(printable(text.as_ref()))
}

pub(super) fn number(number: impl fmt::Display) -> Cell {
    Cell::Number(number.to_string())
}

/// A share of a hundred.
pub(super) fn percent(percent: f64) -> Cell {
    Cell::Number(format!("{percent:.2}%"))
}

impl Cell {
    fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let length = |row: &Vec<Cell>, column: usize| row.get(column).map_or(0, |cell| cell.as_str().chars().count());
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().map(|row| length(row, column)).max().unwrap_or(0))
            .collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let cell = cell.as_str();
                let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
                if column > 0 {
                    line.push_str("  ");
                }
                if self.is_number(column) {
                    line.push_str(&padding);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&padding);
                }
            }
            writeln!(formatter, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, number, text};

    #[test]
    fn numbers_stand_right_and_texts_left() {
        let mut table = Table::new(&["FILE", "EVENTS", "NOTE"]);
        table.push([text("a"), number(7), text("")]);
        table.push([text("long"), number(12_345_678), text("x")]);
        assert_eq!(table.to_string(), "FILE    EVENTS  NOTE\na            7\nlong  12345678  x\n");
    }
}
