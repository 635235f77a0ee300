//! Money in integer minor units. No fraction, no rounding that isn't named.

use std::fmt;

/// An ISO 4217 currency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// An amount with its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// The currency.
    pub currency: Currency,
    /// Minor units: cents, yen, fils.
    pub amount_minor: i64,
}

/// What can be wrong with money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The code isn't three capital letters.
    #[error("`{0}` is not an ISO 4217 code: three capital letters")]
    Currency(String),
    /// Two amounts in two currencies.
    #[error("amounts in {0} and {1} don't add up")]
    Mismatch(Currency, Currency),
    /// The sum doesn't fit 64 bits.
    #[error("the amount doesn't fit 64 bits")]
    Overflow,
}

impl Currency {
    /// Takes a code in.
    ///
    /// # Errors
    /// [`MoneyError::Currency`] if it isn't three capital letters.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        match *code.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Self([a, b, c])),
            _ => Err(MoneyError::Currency(code.to_owned())),
        }
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Three ASCII letters by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Decimals of the minor unit by ISO 4217: 2 for EUR, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn minor_digits(&self) -> usize {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }
}

impl Money {
    /// An amount.
    #[must_use]
    pub const fn new(currency: Currency, amount_minor: i64) -> Self {
        Self {
            currency,
            amount_minor,
        }
    }

    /// Nothing, in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(currency, 0)
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::Mismatch`] for two currencies, [`MoneyError::Overflow`] past 64 bits.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.amount_minor
            .checked_add(other.amount_minor)
            .map(|sum| Self::new(self.currency, sum))
            .ok_or(MoneyError::Overflow)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MoneyError::Mismatch`] for two currencies, [`MoneyError::Overflow`] past 64 bits.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.amount_minor
            .checked_sub(other.amount_minor)
            .map(|difference| Self::new(self.currency, difference))
            .ok_or(MoneyError::Overflow)
    }

    /// The share of the first `units` out of `quantity`: floor(total · units / quantity).
    ///
    /// Differences of such shares add up to the total whatever the split. `units` above `quantity`
    /// counts as `quantity`; a quantity of zero has no share.
    #[must_use]
    pub fn share_of_first(self, units: u32, quantity: u32) -> Self {
        if quantity == 0 {
            return Self::zero(self.currency);
        }
        let units = i128::from(units.min(quantity));
        let share = (i128::from(self.amount_minor) * units).div_euclid(i128::from(quantity));
        // Not above the total in size, so it fits.
        Self::new(
            self.currency,
            i64::try_from(share).unwrap_or(self.amount_minor),
        )
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::Mismatch(self.currency, other.currency))
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.minor_digits();
        let sign = if self.amount_minor < 0 { "-" } else { "" };
        let size = self.amount_minor.unsigned_abs();
        if digits == 0 {
            return write!(f, "{sign}{size} {}", self.currency);
        }
        let scale = 10_u64.pow(u32::try_from(digits).unwrap_or(0));
        write!(
            f,
            "{sign}{}.{:0digits$} {}",
            size / scale,
            size % scale,
            self.currency
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap_or(Currency(*b"XXX"))
    }

    #[test]
    fn prints_by_the_currency() {
        assert_eq!(Money::new(currency("EUR"), -1205).to_string(), "-12.05 EUR");
        assert_eq!(Money::new(currency("JPY"), 1205).to_string(), "1205 JPY");
        assert_eq!(Money::new(currency("KWD"), 5).to_string(), "0.005 KWD");
    }

    #[test]
    fn refuses_mixed_currencies_and_overflow() {
        let euro = Money::new(currency("EUR"), i64::MAX);
        assert!(euro.plus(Money::new(currency("USD"), 1)).is_err());
        assert_eq!(
            euro.plus(Money::new(currency("EUR"), 1)),
            Err(MoneyError::Overflow)
        );
    }

    proptest! {
        #[test]
        fn any_split_of_units_adds_up(total in any::<i64>(), quantity in 1_u32..1_000, cut in 0_u32..1_000) {
            let money = Money::new(currency("EUR"), total);
            let cut = cut.min(quantity);
            let first = money.share_of_first(cut, quantity);
            let rest = money.share_of_first(quantity, quantity).minus(first);
            prop_assert!(rest.is_ok() || total == i64::MIN);
            if let Ok(rest) = rest {
                prop_assert_eq!(first.plus(rest), Ok(money));
            }
        }
    }
}
