//! A file, read order by order. A line that can't be read is reported and the next one follows.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

use anyhow::Context as _;
use clap::ValueEnum;
use postlude_proto::{DESCRIPTOR_POOL, orders::v1::Order};
use prost_reflect::{DynamicMessage, MessageDescriptor};

use super::mapping::{Defaults, Mapping};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One order of one line per row, columns named in the first row.
    Csv,
    /// One order per line, as JSON of the contract's `Order`.
    Jsonl,
}

impl Format {
    /// What the file's name says, or CSV.
    pub(crate) fn of(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("jsonl" | "ndjson" | "json") => Self::Jsonl,
            Some(_) | None => Self::Csv,
        }
    }
}

/// What one line of the file is.
#[derive(Debug)]
pub(crate) struct Row {
    /// The line's number, from 1.
    pub(crate) line_number: i64,
    /// The order, or why there is none.
    pub(crate) order: Result<Order, String>,
    /// Bytes of the file read so far.
    pub(crate) position: u64,
}

/// A file's orders.
pub(crate) struct Source {
    rows: Rows,
    /// The line on which each order number was seen first.
    seen: HashMap<String, i64>,
}

enum Rows {
    Csv {
        reader: Box<csv::Reader<File>>,
        mapping: Mapping,
    },
    Jsonl {
        reader: BufReader<File>,
        line_number: i64,
        position: u64,
        descriptor: MessageDescriptor,
    },
}

impl Source {
    /// Opens a file.
    ///
    /// # Errors
    /// If the file can't be read, or its columns and the map don't fit.
    pub(crate) fn open(
        path: &Path,
        format: Format,
        maps: &[String],
        defaults: Defaults,
    ) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("{} can't be read", path.display()))?;
        let rows = match format {
            Format::Csv => {
                let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
                let header = reader
                    .headers()
                    .with_context(|| format!("{} has no header", path.display()))?;
                let mapping = Mapping::new(header, maps, defaults)?;
                Rows::Csv {
                    reader: Box::new(reader),
                    mapping,
                }
            }
            Format::Jsonl => Rows::Jsonl {
                reader: BufReader::new(file),
                line_number: 0,
                position: 0,
                descriptor: DESCRIPTOR_POOL
                    .get_message_by_name("postlude.orders.v1.Order")
                    .context("the contract has no Order")?,
            },
        };
        Ok(Self {
            rows,
            seen: HashMap::new(),
        })
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// If the file can't be read on.
    pub(crate) fn next_row(&mut self) -> std::io::Result<Option<Row>> {
        let row = match &mut self.rows {
            Rows::Csv { reader, mapping } => csv_row(reader, mapping)?,
            Rows::Jsonl {
                reader,
                line_number,
                position,
                descriptor,
            } => json_row(reader, line_number, position, descriptor)?,
        };
        Ok(row.map(|row| self.once(row)))
    }

    /// Refuses an order number that the file had before: the later one would replace the earlier.
    fn once(&mut self, mut row: Row) -> Row {
        if let Ok(order) = &row.order {
            let first = *self
                .seen
                .entry(order.order_id.clone())
                .or_insert(row.line_number);
            if first != row.line_number {
                row.order = Err(format!(
                    "order `{}` is on line {first} already; orders of many lines need --format jsonl",
                    order.order_id
                ));
            }
        }
        row
    }
}

fn csv_row(reader: &mut csv::Reader<File>, mapping: &Mapping) -> std::io::Result<Option<Row>> {
    let mut record = csv::StringRecord::new();
    let line_number = i64::try_from(reader.position().line()).unwrap_or(i64::MAX);
    let order = match reader.read_record(&mut record) {
        Ok(false) => return Ok(None),
        Ok(true) => {
            let columns = reader.headers().map_or(0, csv::StringRecord::len);
            if record.len() == columns {
                mapping.order(&record)
            } else {
                Err(format!("has {} columns instead of {columns}", record.len()))
            }
        }
        Err(error) if error.is_io_error() => return Err(error.into()),
        Err(error) => Err(error.to_string()),
    };
    let line_number = record
        .position()
        .and_then(|position| i64::try_from(position.line()).ok())
        .unwrap_or(line_number);
    Ok(Some(Row {
        line_number,
        order,
        position: reader.position().byte(),
    }))
}

fn json_row(
    reader: &mut BufReader<File>,
    line_number: &mut i64,
    position: &mut u64,
    descriptor: &MessageDescriptor,
) -> std::io::Result<Option<Row>> {
    loop {
        let mut bytes = Vec::new();
        let read = reader.read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        *line_number += 1;
        *position += u64::try_from(read).unwrap_or(0);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let mut parser = serde_json::Deserializer::from_slice(&bytes);
        let order = DynamicMessage::deserialize(descriptor.clone(), &mut parser)
            .map_err(|error| error.to_string())
            .and_then(|message| {
                parser.end().map_err(|error| error.to_string())?;
                message
                    .transcode_to::<Order>()
                    .map_err(|error| error.to_string())
            });
        return Ok(Some(Row {
            line_number: *line_number,
            order,
            position: *position,
        }));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use postlude_kernel::Currency;

    use super::*;

    fn read(name: &str, content: &str) -> Vec<Row> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let defaults = Defaults {
            currency: Currency::parse("EUR").unwrap(),
            country: "US".to_owned(),
        };
        let mut source = Source::open(&path, Format::of(&path), &[], defaults).unwrap();
        let mut rows = Vec::new();
        while let Some(row) = source.next_row().unwrap() {
            rows.push(row);
        }
        rows
    }

    fn outcome(rows: &[Row]) -> Vec<(i64, bool)> {
        rows.iter()
            .map(|row| (row.line_number, row.order.is_ok()))
            .collect()
    }

    #[test]
    fn keeps_the_good_rows_of_a_csv_and_names_the_bad_ones() {
        let rows = read(
            "a.csv",
            "order_id,customer_id,placed_on,quantity,amount_minor\n\
             A,C,1997-01-01,1,100\nB,C,1997-01-01,one,100\nC,C,1997-01-01\n\
             A,C,1997-01-01,1,100\nD,C,1997-01-01,1,100\n",
        );
        assert_eq!(
            outcome(&rows),
            [(2, true), (3, false), (4, false), (5, false), (6, true)]
        );
    }

    #[test]
    fn reads_orders_as_json() {
        let rows = read(
            "a.jsonl",
            "{\"orderId\": \"A\", \"lines\": [{\"lineId\": \"1\"}]}\n\nnonsense\n{\"order_id\": \"B\"}\n\
             {\"no_such\": 1}\n",
        );
        assert_eq!(
            outcome(&rows),
            [(1, true), (3, false), (4, true), (5, false)]
        );
    }
}
