//! The retailer's settings. The registry has checked them against `config.schema.json`; what can't
//! be read here all the same is the plugin's own error, with the key's name.

use postlude_plugin_sdk::{
    config::{Amounts, count, flag, members, texts, wrong},
    json::{self, Value},
};

use crate::calendar::{self, Day};

/// The retailer's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// For categories that aren't listed.
    pub default_rule: Rule,
    /// By category.
    pub categories: Vec<(String, Rule)>,
    /// What the way back costs by mail, per currency; free in others.
    pub return_shipping_fee: Amounts,
    /// A person decides where more than this would be paid back, per currency; never in others.
    pub review_above: Amounts,
    /// Goods for which no more was paid need not come back, per currency; in others all must.
    pub keep_item_up_to: Amounts,
    /// A person decides for customers who send nearly everything back.
    pub frequent_returns: Option<FrequentReturns>,
    /// Days from delivery in which a fault is accepted without a person.
    pub fault_days: u32,
    /// Statutory withdrawal.
    pub withdrawal: Withdrawal,
}

/// What a category is sold under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Days from delivery for a change of mind.
    pub window_days: u32,
    /// Hundredths of a percent that are kept.
    pub restocking_basis_points: u32,
    /// No change of mind.
    pub final_sale: bool,
}

/// When a customer sends nearly everything back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrequentReturns {
    /// Not before so many orders.
    pub min_orders: u32,
    /// From so many returns per hundred orders.
    pub percent: u32,
}

/// Statutory withdrawal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// Countries whose consumers have the right.
    pub countries: Vec<String>,
    /// Whether the consumer pays the way back, as the law allows.
    pub charge_return_shipping: bool,
    /// Whether a change of mind in time counts as a withdrawal.
    pub includes_change_of_mind: bool,
    /// Days that are no working days, by country.
    pub holidays: Vec<(String, Vec<Day>)>,
}

impl Withdrawal {
    /// The holidays of a country.
    #[must_use]
    pub fn holidays_in(&self, country: &str) -> &[Day] {
        self.holidays
            .iter()
            .find(|(code, _)| code == country)
            .map_or(&[], |(_, days)| days)
    }
}

impl Settings {
    /// Reads the configuration.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let root = json::parse(text).map_err(|error| format!("The configuration: {error}."))?;
        let default_rule = Rule {
            window_days: count(&root, "window_days", 30)?,
            restocking_basis_points: count(&root, "restocking_basis_points", 0)?,
            final_sale: false,
        };
        let categories = members(&root, "categories")
            .iter()
            .map(|(category, value)| {
                let rule = Rule {
                    window_days: count(value, "window_days", default_rule.window_days)?,
                    restocking_basis_points: count(
                        value,
                        "restocking_basis_points",
                        default_rule.restocking_basis_points,
                    )?,
                    final_sale: flag(value, "final_sale", false)?,
                };
                Ok((category.clone(), rule))
            })
            .collect::<Result<_, String>>()?;
        let frequent_returns = match root.get("frequent_returns") {
            None | Some(Value::Null) => None,
            Some(value) => Some(FrequentReturns {
                min_orders: count(value, "min_orders", 5)?,
                percent: count(value, "percent", 80)?,
            }),
        };
        let empty = Value::Null;
        Ok(Self {
            default_rule,
            categories,
            return_shipping_fee: Amounts::read(&root, "return_shipping_fee")?,
            review_above: Amounts::read(&root, "review_above")?,
            keep_item_up_to: Amounts::read(&root, "keep_item_up_to")?,
            frequent_returns,
            fault_days: count(&root, "fault_days", 730)?,
            withdrawal: withdrawal(root.get("statutory_withdrawal").unwrap_or(&empty))?,
        })
    }

    /// The rule of a category, and whether it is the category's own.
    #[must_use]
    pub fn rule(&self, category: &str) -> (&Rule, bool) {
        self.categories
            .iter()
            .find(|(name, _)| name == category)
            .map_or((&self.default_rule, false), |(_, rule)| (rule, true))
    }
}

fn withdrawal(value: &Value) -> Result<Withdrawal, String> {
    let countries = texts(value, "countries")?;
    let holidays = members(value, "holidays")
        .iter()
        .map(|(country, days)| {
            let days = days
                .items()
                .iter()
                .map(|day| {
                    day.as_text().and_then(calendar::parse).ok_or_else(|| {
                        wrong(
                            "statutory_withdrawal.holidays",
                            "a list of dates like 2026-12-25",
                        )
                    })
                })
                .collect::<Result<_, _>>()?;
            Ok((country.clone(), days))
        })
        .collect::<Result<_, String>>()?;
    Ok(Withdrawal {
        countries,
        charge_return_shipping: flag(value, "charge_return_shipping", true)?,
        includes_change_of_mind: flag(value, "includes_change_of_mind", false)?,
        holidays,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use super::*;

    #[test]
    fn the_shipped_defaults_can_be_read() {
        let settings = Settings::parse(include_str!("../config.default.json")).unwrap();
        assert_eq!(settings.default_rule.window_days, 30);
        assert!(
            settings
                .withdrawal
                .countries
                .iter()
                .any(|country| country == "DE")
        );
        assert!(settings.rule("electronics").1);
        assert!(!settings.rule("no such category").1);
    }

    #[test]
    fn everything_may_be_left_out() {
        let settings = Settings::parse("{}").unwrap();
        assert_eq!(settings.default_rule.window_days, 30);
        assert_eq!(settings.frequent_returns, None);
        assert!(settings.withdrawal.countries.is_empty());
    }

    #[test]
    fn a_wrong_value_is_named() {
        for (text, key) in [
            (r#"{"window_days": -1}"#, "window_days"),
            (r#"{"categories": {"a": {"final_sale": 1}}}"#, "final_sale"),
            (r#"{"review_above": {"EUR": "x"}}"#, "review_above"),
            (r#"{"keep_item_up_to": {"EUR": -1}}"#, "keep_item_up_to"),
            (
                r#"{"statutory_withdrawal": {"holidays": {"DE": ["x"]}}}"#,
                "holidays",
            ),
            ("{", "byte 1"),
        ] {
            let error = Settings::parse(text).unwrap_err();
            assert!(error.contains(key), "{error}");
        }
    }
}
