//! Between the contract and the domain: parsed once at the edge, so that nothing inside has to doubt.

pub(crate) mod claim;
pub(crate) mod event;
pub(crate) mod order;
pub(crate) mod quote;
pub(crate) mod reason;
pub(crate) mod request;
pub(crate) mod return_request;
pub(crate) mod upstream;
pub(crate) mod view;
pub(crate) mod words;

use postlude_kernel::{Currency, FieldViolation, Timestamp};
use postlude_proto::r#type::v1 as r#type;

/// A message that the domain can't take.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` {}", .0.field, .0.description)]
pub(crate) struct Unfit(pub(crate) FieldViolation);

impl Unfit {
    pub(crate) fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self(FieldViolation::new(field, description))
    }
}

/// A point in time that must be there.
pub(crate) fn time(field: &str, time: Option<&prost_types::Timestamp>) -> Result<Timestamp, Unfit> {
    optional_time(field, time)?.ok_or_else(|| Unfit::new(field, "is required"))
}

/// A point in time that may be missing.
pub(crate) fn optional_time(
    field: &str,
    time: Option<&prost_types::Timestamp>,
) -> Result<Option<Timestamp>, Unfit> {
    time.map(|time| {
        Timestamp::from_seconds_nanos(time.seconds, time.nanos)
            .map_err(|error| Unfit::new(field, error.to_string()))
    })
    .transpose()
}

/// A point in time as a message.
pub(crate) fn time_message(time: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = time.to_seconds_nanos();
    prost_types::Timestamp { seconds, nanos }
}

/// An amount as a message.
pub(crate) fn money_message(currency: Currency, amount_minor: i64) -> r#type::Money {
    r#type::Money {
        currency_code: currency.as_str().to_owned(),
        amount_minor,
    }
}

/// An amount that must be in `currency`; a missing one is nothing.
pub(crate) fn minor(
    field: &str,
    currency: Currency,
    money: Option<&r#type::Money>,
) -> Result<i64, Unfit> {
    let Some(money) = money else { return Ok(0) };
    if money.currency_code == currency.as_str() {
        Ok(money.amount_minor)
    } else {
        Err(Unfit::new(
            field,
            format!("is in {} and not in {currency}", money.currency_code),
        ))
    }
}

/// A currency.
pub(crate) fn currency(field: &str, code: &str) -> Result<Currency, Unfit> {
    Currency::parse(code).map_err(|error| Unfit::new(field, error.to_string()))
}

/// A count that is zero or more.
pub(crate) fn count(field: &str, value: i32) -> Result<u32, Unfit> {
    u32::try_from(value).map_err(|_| Unfit::new(field, "is negative"))
}

/// A count as the contract has it.
pub(crate) fn count_message(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
