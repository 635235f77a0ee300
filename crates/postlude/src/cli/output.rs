//! How things are printed: tables and sentences for people, JSON for programs.

use std::io::{IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use postlude_chassis::config::ConfigError;
use tonic_types::StatusExt;

use super::client::CallError;

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Tables and sentences.
    Text,
    /// JSON.
    Json,
}

impl Output {
    /// Prints `json`, or what `text` makes.
    pub(crate) fn print(self, json: &serde_json::Value, text: impl FnOnce() -> String) {
        match self {
            Self::Text => line(&text()),
            Self::Json => line(&json.to_string()),
        }
    }

    /// Whether a person reads along: text, on a terminal.
    pub(crate) fn is_live(self) -> bool {
        self == Self::Text && std::io::stderr().is_terminal()
    }
}

/// Prints a line to standard output. A reader that has gone is no reason to fail.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints a line to standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A table with a header. Columns of numbers stand at the right.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let rows: Vec<_> = rows.into_iter().collect();
    let mut table = Table::new();
    table
        .load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')))
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header);
    for row in &rows {
        table.add_row(row);
    }
    for index in 0..N {
        let mut cells = rows.iter().filter_map(|row| row.get(index));
        if !rows.is_empty()
            && cells.all(|cell| is_number(cell))
            && let Some(column) = table.column_mut(index)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    digits.starts_with(|letter: char| letter.is_ascii_digit())
        && digits
            .chars()
            .all(|letter| letter.is_ascii_digit() || matches!(letter, ',' | '.'))
}

/// A digest, short enough for a table.
pub(crate) fn short(digest: &str) -> String {
    let (kind, hash) = digest.split_once(':').unwrap_or(("", digest));
    let hash: String = hash.chars().take(12).collect();
    if kind.is_empty() {
        hash
    } else {
        format!("{kind}:{hash}…")
    }
}

/// A number with separators between thousands.
pub(crate) fn grouped(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// Prints an error with its causes and, where there is one, the next step.
pub(crate) fn error(error: &anyhow::Error) {
    note(&format!("error: {error}"));
    for cause in error.chain().skip(1) {
        if let Some(status) = cause.downcast_ref::<tonic::Status>() {
            details(status);
        } else {
            note(&format!("  because {cause}"));
        }
    }
    if let Some(call) = error.downcast_ref::<CallError>() {
        details(&call.status);
        if let Some(hint) = call.hint() {
            note(&format!("  hint: {hint}"));
        }
    }
    if error.is::<ConfigError>() {
        note("  hint: every setting and its default is in `postlude serve --print-defaults`");
    }
}

fn details(status: &tonic::Status) {
    let details = status.get_error_details();
    if let Some(info) = details.error_info() {
        note(&format!("  reason: {} ({})", info.reason, info.domain));
        for (key, value) in &info.metadata {
            note(&format!("  {key}: {value}"));
        }
    }
    for violation in details
        .bad_request()
        .map(|request| request.field_violations.as_slice())
        .unwrap_or_default()
    {
        note(&format!("  {}: {}", violation.field, violation.description));
    }
}

#[cfg(test)]
mod tests {
    use super::{grouped, short, table};

    #[test]
    fn groups_thousands() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (-1_000, "-1,000"),
            (250_031_563, "250,031,563"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn numbers_stand_at_the_right() {
        let rows = [["a", "1,000"], ["b", "-7"]].map(|row| row.map(str::to_owned));
        let lines: Vec<_> = table(["name", "count"], rows)
            .lines()
            .map(|line| line.trim().to_owned())
            .collect();
        assert_eq!(lines.first().map(String::as_str), Some("name   count"));
        assert_eq!(lines.last().map(String::as_str), Some("b         -7"));
    }

    #[test]
    fn shortens_digests() {
        assert_eq!(short("sha256:0123456789abcdef"), "sha256:0123456789ab…");
    }
}
