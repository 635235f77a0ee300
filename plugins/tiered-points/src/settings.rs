//! The retailer's settings. The registry has checked them against `config.schema.json`; what can't
//! be read here all the same is the plugin's own error, with the key's name.

use postlude_plugin_sdk::{
    config::{Amounts, choice, count, flag, members, texts, wrong},
    json::{self, Value},
    loyalty_rules::{Channel, Shortfall},
};

/// The retailer's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// What a line earns on.
    pub earn_on: EarnOn,
    /// Thousandths of a point per whole unit of the currency, for categories that aren't listed.
    pub rate: u32,
    /// The same, by category.
    pub categories: Vec<(String, u32)>,
    /// Categories that earn nothing.
    pub excluded_categories: Vec<String>,
    /// Where orders earn nothing.
    pub excluded_channels: Vec<Channel>,
    /// Whether businesses earn.
    pub business_earns: bool,
    /// What the rates are worth, in percent, by currency.
    pub currency_percent: Vec<(String, u32)>,
    /// Orders below earn nothing.
    pub minimum_order: Amounts,
    /// What is different for a tier, by its code.
    pub tiers: Vec<(String, Tier)>,
    /// What is earned in the month of the member's birthday, in percent.
    pub birthday_month_percent: u32,
    /// How campaigns add up.
    pub campaigns: Campaigns,
    /// What tier, birthday and campaigns give together at most, in percent.
    pub most_percent: u32,
    /// What happens with a shortfall, where the tier doesn't say.
    pub shortfall: Shortfall,
}

/// What a line earns on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarnOn {
    /// What it cost with tax.
    Gross,
    /// What it cost without.
    Net,
}

/// How campaigns add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Campaigns {
    /// The best multiplier counts.
    Best,
    /// Each adds what it has above 100 %.
    Add,
    /// They don't count.
    None,
}

/// What is different for a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// What its members earn, in percent.
    pub percent: u32,
    /// What happens with a shortfall; as for all, if `None`.
    pub shortfall: Option<Shortfall>,
}

const SHORTFALLS: [(&str, Shortfall); 2] = [
    ("go-negative", Shortfall::GoNegative),
    ("floor-at-zero", Shortfall::FloorAtZero),
];

impl Settings {
    /// Reads the configuration.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let root = json::parse(text).map_err(|error| format!("The configuration: {error}."))?;
        Ok(Self {
            earn_on: choice(
                &root,
                "earn_on",
                &[("gross", EarnOn::Gross), ("net", EarnOn::Net)],
                EarnOn::Gross,
            )?,
            rate: count(&root, "milli_points_per_unit", 1_000)?,
            categories: counts(&root, "categories")?,
            excluded_categories: texts(&root, "excluded_categories")?,
            excluded_channels: texts(&root, "excluded_channels")?
                .iter()
                .map(|channel| match channel.as_str() {
                    "online" => Ok(Channel::Online),
                    "store" => Ok(Channel::Store),
                    "marketplace" => Ok(Channel::Marketplace),
                    _ => Err(wrong(
                        "excluded_channels",
                        "out of online, store and marketplace",
                    )),
                })
                .collect::<Result<_, _>>()?,
            business_earns: flag(&root, "business_earns", true)?,
            currency_percent: counts(&root, "currency_percent")?,
            minimum_order: Amounts::read(&root, "minimum_order")?,
            tiers: members(&root, "tiers")
                .iter()
                .map(|(code, value)| Ok((code.clone(), tier(value)?)))
                .collect::<Result<_, String>>()?,
            birthday_month_percent: count(&root, "birthday_month_percent", 100)?,
            campaigns: choice(
                &root,
                "campaigns",
                &[
                    ("best", Campaigns::Best),
                    ("add", Campaigns::Add),
                    ("none", Campaigns::None),
                ],
                Campaigns::Best,
            )?,
            most_percent: count(&root, "most_percent", 1_000)?,
            shortfall: choice(&root, "shortfall", &SHORTFALLS, Shortfall::GoNegative)?,
        })
    }

    /// The rate of a category, and whether it is the category's own.
    #[must_use]
    pub fn rate_of(&self, category: &str) -> (u32, bool) {
        find(&self.categories, category).map_or((self.rate, false), |rate| (*rate, true))
    }

    /// What is different for a tier.
    #[must_use]
    pub fn tier(&self, code: &str) -> Tier {
        find(&self.tiers, code).copied().unwrap_or(Tier {
            percent: 100,
            shortfall: None,
        })
    }

    /// What the rates are worth in a currency, in percent.
    #[must_use]
    pub fn currency(&self, code: &str) -> u32 {
        find(&self.currency_percent, code).copied().unwrap_or(100)
    }
}

fn find<'a, T>(all: &'a [(String, T)], key: &str) -> Option<&'a T> {
    all.iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value)
}

fn tier(value: &Value) -> Result<Tier, String> {
    Ok(Tier {
        percent: count(value, "percent", 100)?,
        shortfall: match value.get("shortfall") {
            None => None,
            Some(_) => Some(choice(
                value,
                "shortfall",
                &SHORTFALLS,
                Shortfall::GoNegative,
            )?),
        },
    })
}

fn counts(root: &Value, key: &str) -> Result<Vec<(String, u32)>, String> {
    members(root, key)
        .iter()
        .map(|(name, value)| {
            value
                .as_integer()
                .and_then(|number| u32::try_from(number).ok())
                .map(|number| (name.clone(), number))
                .ok_or_else(|| wrong(key, "whole numbers that aren't below zero"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use super::*;

    #[test]
    fn the_shipped_defaults_are_what_an_empty_configuration_means() {
        let shipped = Settings::parse(include_str!("../config.default.json")).unwrap();
        assert_eq!(shipped, Settings::parse("{}").unwrap());
        assert_eq!(shipped.rate_of("shoes"), (1_000, false));
    }

    #[test]
    fn a_wrong_value_is_named() {
        for (text, key) in [
            (r#"{"earn_on": "profit"}"#, "earn_on"),
            (r#"{"milli_points_per_unit": -1}"#, "milli_points_per_unit"),
            (r#"{"categories": {"shoes": "x"}}"#, "categories"),
            (r#"{"excluded_channels": ["fax"]}"#, "excluded_channels"),
            (
                r#"{"tiers": {"gold": {"shortfall": "forget"}}}"#,
                "shortfall",
            ),
            (r#"{"minimum_order": {"EUR": -1}}"#, "minimum_order"),
            ("{", "byte 1"),
        ] {
            let error = Settings::parse(text).unwrap_err();
            assert!(error.contains(key), "{error}");
        }
    }
}
