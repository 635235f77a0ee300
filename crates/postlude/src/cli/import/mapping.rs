//! Which column of a CSV file holds which field of an order, and what stands where none does.

use std::collections::HashMap;

use postlude_kernel::{Currency, Timestamp};
use postlude_proto::{
    orders::v1::{Order, OrderLine, order},
    r#type::v1::Money,
};

use crate::cli::Usage;

/// Fields that a column can fill, each with the other names it is known by.
const FIELDS: [(&str, &[&str]); 17] = [
    ("order_id", &[]),
    ("customer_id", &[]),
    ("placed_time", &["placed_at", "placed_on", "placed_date"]),
    ("quantity", &[]),
    ("line_total", &["amount_minor", "line_total.amount_minor"]),
    ("tax", &["tax.amount_minor", "tax_minor"]),
    ("unit_price", &["unit_price.amount_minor"]),
    ("currency_code", &["currency", "line_total.currency_code"]),
    ("line_id", &[]),
    ("sku", &[]),
    ("category", &[]),
    ("title", &[]),
    ("destination_country", &["country"]),
    ("buyer_kind", &[]),
    ("channel", &[]),
    ("fulfilment_method", &[]),
    ("origin", &[]),
];

/// Fields without which there is no order.
const REQUIRED: [&str; 5] = [
    "order_id",
    "customer_id",
    "placed_time",
    "quantity",
    "line_total",
];

/// What stands where a file says nothing.
#[derive(Debug, Clone)]
pub(crate) struct Defaults {
    /// Currency of every amount.
    pub(crate) currency: Currency,
    /// Where the goods went.
    pub(crate) country: String,
}

/// Columns by field.
#[derive(Debug)]
pub(crate) struct Mapping {
    columns: HashMap<&'static str, (usize, String)>,
    defaults: Defaults,
}

impl Mapping {
    /// Finds each field's column: the mapped one, else one with the field's own name.
    ///
    /// # Errors
    /// [`Usage`] for a field that orders don't have, a column that the file doesn't have, or a
    /// required field without a column.
    pub(crate) fn new(
        header: &csv::StringRecord,
        maps: &[String],
        defaults: Defaults,
    ) -> Result<Self, Usage> {
        let column = |name: &str| header.iter().position(|column| column.trim() == name);
        let mut columns = HashMap::new();
        for map in maps {
            let (field, wanted) = map
                .split_once('=')
                .map(|(field, column)| (field.trim(), column.trim()))
                .ok_or_else(|| Usage(format!("`--map {map}` is not field=column")))?;
            let field = known(field).ok_or_else(|| {
                Usage(format!(
                    "`--map {map}`: orders have no field `{field}`; there is {}",
                    FIELDS.map(|(name, _)| name).join(", ")
                ))
            })?;
            let index = column(wanted).ok_or_else(|| {
                Usage(format!(
                    "`--map {map}`: the file has no column `{wanted}`; it has {}",
                    header.iter().collect::<Vec<_>>().join(", ")
                ))
            })?;
            columns.insert(field, (index, wanted.to_owned()));
        }
        for (field, others) in FIELDS {
            if !columns.contains_key(field) {
                let found = std::iter::once(&field)
                    .chain(others)
                    .find_map(|name| column(name).map(|index| (index, (*name).to_owned())));
                if let Some(found) = found {
                    columns.insert(field, found);
                }
            }
        }
        for field in REQUIRED {
            if !columns.contains_key(field) {
                return Err(Usage(format!(
                    "no column for `{field}`: add --map {field}=COLUMN; the file has {}",
                    header.iter().collect::<Vec<_>>().join(", ")
                )));
            }
        }
        Ok(Self { columns, defaults })
    }

    /// Makes an order of one line out of a record.
    ///
    /// # Errors
    /// A sentence that names the column and the rule.
    pub(crate) fn order(&self, record: &csv::StringRecord) -> Result<Order, String> {
        let currency = match self.optional(record, "currency_code") {
            Some((code, column)) => {
                Currency::parse(code).map_err(|error| format!("column {column}: {error}"))?
            }
            None => self.defaults.currency,
        };
        let money = |amount_minor: i64| Money {
            currency_code: currency.to_string(),
            amount_minor,
        };
        let amount = |field| -> Result<Option<Money>, String> {
            Ok(self.number::<i64>(record, field)?.map(money))
        };
        let line = OrderLine {
            line_id: self.text(record, "line_id", "1"),
            sku: self.text(record, "sku", "unknown"),
            category: self.text(record, "category", ""),
            title: self.text(record, "title", ""),
            quantity: self
                .number::<i32>(record, "quantity")?
                .ok_or_else(|| self.empty("quantity"))?,
            line_total: Some(amount("line_total")?.ok_or_else(|| self.empty("line_total"))?),
            tax: amount("tax")?,
            unit_price: amount("unit_price")?,
            ..OrderLine::default()
        };
        Ok(Order {
            order_id: self.required(record, "order_id")?.to_owned(),
            customer_id: self.required(record, "customer_id")?.to_owned(),
            currency_code: currency.to_string(),
            lines: vec![line],
            destination_country: self.text(record, "destination_country", &self.defaults.country),
            buyer_kind: self.word(record, "buyer_kind", order::BuyerKind::Consumer, |word| {
                order::BuyerKind::from_str_name(word).map(Into::into)
            })?,
            channel: self.word(record, "channel", order::Channel::Online, |word| {
                order::Channel::from_str_name(word).map(Into::into)
            })?,
            fulfilment_method: self.word(
                record,
                "fulfilment_method",
                order::FulfilmentMethod::Ship,
                |word| order::FulfilmentMethod::from_str_name(word).map(Into::into),
            )?,
            placed_time: Some(
                time(self.required(record, "placed_time")?)
                    .map_err(|error| format!("column {}: {error}", self.column("placed_time")))?,
            ),
            origin: self.word(record, "origin", order::Origin::Backfill, |word| {
                order::Origin::from_str_name(word).map(Into::into)
            })?,
            ..Order::default()
        })
    }

    fn column<'a>(&'a self, field: &'a str) -> &'a str {
        self.columns
            .get(field)
            .map_or(field, |(_, name)| name.as_str())
    }

    fn empty(&self, field: &str) -> String {
        format!("column {} is empty", self.column(field))
    }

    fn optional<'a>(
        &'a self,
        record: &'a csv::StringRecord,
        field: &str,
    ) -> Option<(&'a str, &'a str)> {
        let (index, name) = self.columns.get(field)?;
        let value = record.get(*index)?.trim();
        (!value.is_empty()).then_some((value, name.as_str()))
    }

    fn required<'a>(
        &'a self,
        record: &'a csv::StringRecord,
        field: &str,
    ) -> Result<&'a str, String> {
        self.optional(record, field)
            .map(|(value, _)| value)
            .ok_or_else(|| self.empty(field))
    }

    fn text(&self, record: &csv::StringRecord, field: &str, default: &str) -> String {
        self.optional(record, field)
            .map_or(default, |(value, _)| value)
            .to_owned()
    }

    fn number<N: std::str::FromStr>(
        &self,
        record: &csv::StringRecord,
        field: &str,
    ) -> Result<Option<N>, String> {
        self.optional(record, field)
            .map(|(value, column)| {
                value
                    .parse()
                    .map_err(|_| format!("column {column}: `{value}` is not a whole number"))
            })
            .transpose()
    }

    fn word<W: Into<i32>>(
        &self,
        record: &csv::StringRecord,
        field: &str,
        default: W,
        parse: impl Fn(&str) -> Option<i32>,
    ) -> Result<i32, String> {
        match self.optional(record, field) {
            None => Ok(default.into()),
            Some((value, column)) => parse(&value.to_ascii_uppercase())
                .ok_or_else(|| format!("column {column}: `{value}` is not a {field}")),
        }
    }
}

/// The field that a name means; `line.`, `lines.` and `order.` before it are fine.
fn known(name: &str) -> Option<&'static str> {
    let bare = ["order.", "lines.", "line.", "lines[0]."]
        .iter()
        .fold(name, |name, prefix| {
            name.strip_prefix(prefix).unwrap_or(name)
        });
    FIELDS
        .iter()
        .find(|(field, others)| *field == bare || others.contains(&bare))
        .map(|(field, _)| *field)
}

/// A point in time; a day alone means its first moment in UTC.
fn time(text: &str) -> Result<prost_types::Timestamp, String> {
    let full = if text.len() == 10 {
        format!("{text}T00:00:00Z")
    } else {
        text.replacen(' ', "T", 1)
    };
    let parsed = Timestamp::parse(&full).map_err(|_| {
        format!("`{text}` is neither a day (2026-01-31) nor a time (2026-01-31T12:00:00Z)")
    })?;
    let (seconds, nanos) = parsed.to_seconds_nanos();
    Ok(prost_types::Timestamp { seconds, nanos })
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test may fail loudly"
    )]

    use super::*;

    fn defaults() -> Defaults {
        Defaults {
            currency: Currency::parse("EUR").unwrap(),
            country: "US".to_owned(),
        }
    }

    fn record(text: &str) -> csv::StringRecord {
        text.split(',').collect()
    }

    #[test]
    fn maps_columns_and_fills_the_rest() {
        let header = record("order_id,customer_id,placed_on,quantity,amount_minor");
        let maps = [
            "placed_time=placed_on".to_owned(),
            "line_total=amount_minor".to_owned(),
        ];
        let mapping = Mapping::new(&header, &maps, defaults()).unwrap();
        let order = mapping.order(&record("A-1,C-1,1997-01-12,2,1200")).unwrap();
        assert_eq!(order.placed_time.unwrap().seconds, 853_027_200);
        let line = &order.lines[0];
        assert_eq!(
            (line.quantity, line.sku.as_str(), line.line_id.as_str()),
            (2, "unknown", "1")
        );
        assert_eq!(line.line_total.as_ref().unwrap().amount_minor, 1_200);
        assert_eq!(order.origin(), order::Origin::Backfill);
    }

    #[test]
    fn says_which_column_breaks_which_rule() {
        let header = record("order_id,customer_id,placed_time,quantity,line_total");
        let mapping = Mapping::new(&header, &[], defaults()).unwrap();
        for (line, says) in [
            ("A,C,1997-01-12,x,1", "quantity"),
            ("A,C,1997-13-12,1,1", "placed_time"),
            (",C,1997-01-12,1,1", "order_id is empty"),
            ("A,C,1997-01-12,1,12.50", "12.50"),
        ] {
            let error = mapping.order(&record(line)).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn refuses_maps_that_lead_nowhere() {
        let header = record("order_id,customer_id,placed_time,quantity,line_total");
        for map in ["sku", "colour=order_id", "sku=no_such"] {
            assert!(
                Mapping::new(&header, &[map.to_owned()], defaults()).is_err(),
                "{map}"
            );
        }
        assert!(Mapping::new(&record("order_id"), &[], defaults()).is_err());
    }
}
