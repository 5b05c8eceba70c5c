//! Markdown tables that can be read as they are.

/// Cells and their headings. The first column holds names and is aligned to the left, the others hold numbers.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|&heading| heading.to_owned()).collect()] }
    }

    /// Adds a row; what it lacks is empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let columns = self.rows[0].len();
        let mut row: Vec<String> = cells.into_iter().map(|cell| cell.replace('|', "\\|")).take(columns).collect();
        row.resize(columns, String::new());
        self.rows.push(row);
    }

    /// The text, with a line break at its end.
    pub(crate) fn markdown(&self) -> String {
        let widths: Vec<usize> = (0..self.rows[0].len())
            .map(|column| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(3))
            .collect();
        let mut lines: Vec<String> = self.rows.iter().map(|row| line(row, &widths)).collect();
        let rule: Vec<String> = widths
            .iter()
            .enumerate()
            .map(|(column, &width)| if column == 0 { "-".repeat(width) } else { "-".repeat(width - 1) + ":" })
            .collect();
        lines.insert(1, line(&rule, &widths));
        lines.concat()
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::from("|");
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        line += &if column == 0 { format!(" {cell:<width$} |") } else { format!(" {cell:>width$} |") };
    }
    line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["process", "CPU", "RSS MiB"]);
        table.row(["ingest".to_owned(), "0.12".to_owned(), "14".to_owned()]);
        table.row(["a | b – c".to_owned(), "1234.56".to_owned()]);
        let expected = "\
| process    |     CPU | RSS MiB |
| ---------- | ------: | ------: |
| ingest     |    0.12 |      14 |
| a \\| b – c | 1234.56 |         |
";
        assert_eq!(table.markdown(), expected);
    }
}
