//! Scalars: times, money, words, quantities. Collects what is wrong instead of stopping at the first.

use postlude_kernel::{Currency, FieldViolation, Money, Timestamp};
use postlude_proto::r#type::v1 as pb_type;

use super::words::Word;
use crate::domain::refusal::Refusal;

/// What is wrong with a message, as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct Parse {
    wrong: Vec<FieldViolation>,
}

impl Parse {
    /// The value, unless something was wrong on the way.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with all of it.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Refusal> {
        match value {
            Some(value) if self.wrong.is_empty() => Ok(value),
            Some(_) | None => Err(Refusal::Invalid(self.wrong)),
        }
    }

    fn fail<T>(&mut self, path: &str, rule: impl Into<String>) -> Option<T> {
        self.wrong.push(FieldViolation::new(path, rule));
        None
    }

    /// A message that must be there.
    pub(crate) fn required<T>(&mut self, path: &str, value: Option<T>) -> Option<T> {
        match value {
            Some(value) => Some(value),
            None => self.fail(path, "must be set"),
        }
    }

    /// A time that must be there.
    pub(crate) fn time(
        &mut self,
        path: &str,
        value: Option<prost_types::Timestamp>,
    ) -> Option<Timestamp> {
        let value = self.required(path, value)?;
        match Timestamp::from_seconds_nanos(value.seconds, value.nanos) {
            Ok(time) => Some(time),
            Err(error) => self.fail(path, error.to_string()),
        }
    }

    /// A time that may be missing: `Some(None)` if it is.
    pub(crate) fn time_or_none(
        &mut self,
        path: &str,
        value: Option<prost_types::Timestamp>,
    ) -> Option<Option<Timestamp>> {
        match value {
            None => Some(None),
            Some(_) => self.time(path, value).map(Some),
        }
    }

    /// A currency.
    pub(crate) fn currency(&mut self, path: &str, code: &str) -> Option<Currency> {
        match Currency::parse(code) {
            Ok(currency) => Some(currency),
            Err(error) => self.fail(path, error.to_string()),
        }
    }

    /// Money that must be there.
    pub(crate) fn money(&mut self, path: &str, value: Option<pb_type::Money>) -> Option<Money> {
        let value = self.required(path, value)?;
        let currency = self.currency(&format!("{path}.currency_code"), &value.currency_code)?;
        Some(Money::new(currency, value.amount_minor))
    }

    /// Money that may be missing: `Some(None)` if it is.
    pub(crate) fn money_or_none(
        &mut self,
        path: &str,
        value: Option<pb_type::Money>,
    ) -> Option<Option<Money>> {
        match value {
            None => Some(None),
            Some(_) => self.money(path, value).map(Some),
        }
    }

    /// One of a list of words that must be there.
    pub(crate) fn word<W: Word>(&mut self, path: &str, number: i32) -> Option<W> {
        match W::from_proto(number) {
            Some(word) => Some(word),
            None => self.fail(path, "must be one of the named values"),
        }
    }

    /// A count that isn't negative.
    pub(crate) fn count(&mut self, path: &str, value: i32) -> Option<u32> {
        match u32::try_from(value) {
            Ok(count) => Some(count),
            Err(_) => self.fail(path, "must not be below zero"),
        }
    }
}

/// A time as proto.
pub(crate) fn time(time: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = time.to_seconds_nanos();
    prost_types::Timestamp { seconds, nanos }
}

/// Money as proto.
pub(crate) fn money(money: Money) -> pb_type::Money {
    pb_type::Money {
        currency_code: money.currency.to_string(),
        amount_minor: money.amount_minor,
    }
}

/// A quantity as proto; what the contract lets in fits.
pub(crate) fn quantity(quantity: u32) -> i32 {
    i32::try_from(quantity).unwrap_or(i32::MAX)
}
