//! The configuration that the retailer gave this plugin.
//!
//! The registry has checked it against the plugin's schema. What can't be read all the same is the
//! plugin's own error, with the key's name: the functions here give it in one form.

use crate::{PluginError, json::Value};

/// The whole configuration: one JSON object that fits the plugin's own schema. Parse it with
/// [`json::parse`](crate::json::parse), or with a library of your choice.
#[must_use]
pub fn text() -> String {
    crate::bindings::postlude::plugin::config::get()
}

/// The configuration as the plugin's own settings.
///
/// # Errors
/// `CONFIG_INVALID` with what `parse` says.
pub fn settings<S>(parse: impl FnOnce(&str) -> Result<S, String>) -> Result<S, PluginError> {
    parse(&text()).map_err(|message| PluginError::new("CONFIG_INVALID", message))
}

/// A key's value that must be something else, as a sentence.
#[must_use]
pub fn wrong(key: &str, expected: &str) -> String {
    format!("The configuration: `{key}` must be {expected}.")
}

/// The members of the object under a key; none if it is missing.
#[must_use]
pub fn members<'a>(value: &'a Value, key: &str) -> &'a [(String, Value)] {
    value.get(key).map(Value::members).unwrap_or_default()
}

/// A whole number that isn't below zero.
///
/// # Errors
/// If the key has another value.
pub fn count(value: &Value, key: &str, default: u32) -> Result<u32, String> {
    match value.get(key) {
        None => Ok(default),
        Some(value) => value
            .as_integer()
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| wrong(key, "a whole number that isn't below zero")),
    }
}

/// Yes or no.
///
/// # Errors
/// If the key has another value.
pub fn flag(value: &Value, key: &str, default: bool) -> Result<bool, String> {
    match value.get(key) {
        None => Ok(default),
        Some(value) => value.as_bool().ok_or_else(|| wrong(key, "true or false")),
    }
}

/// A list of texts; empty if the key is missing.
///
/// # Errors
/// If the key has another value.
pub fn texts(value: &Value, key: &str) -> Result<Vec<String>, String> {
    value
        .get(key)
        .map(Value::items)
        .unwrap_or_default()
        .iter()
        .map(|item| {
            item.as_text()
                .map(str::to_owned)
                .ok_or_else(|| wrong(key, "a list of texts"))
        })
        .collect()
}

/// One of several words, each with what it means.
///
/// # Errors
/// If the key has another value.
pub fn choice<T: Copy>(
    value: &Value,
    key: &str,
    words: &[(&str, T)],
    default: T,
) -> Result<T, String> {
    let Some(value) = value.get(key) else {
        return Ok(default);
    };
    value
        .as_text()
        .and_then(|text| words.iter().find(|(word, _)| *word == text))
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| {
            let words: Vec<_> = words
                .iter()
                .map(|(word, _)| format!("\"{word}\""))
                .collect();
            wrong(key, &words.join(" or "))
        })
}

/// Amounts in minor units, by currency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Amounts(Vec<(String, i64)>);

impl Amounts {
    /// Reads the object under a key; empty if it is missing.
    ///
    /// # Errors
    /// If the key has another value, or an amount is below zero.
    pub fn read(value: &Value, key: &str) -> Result<Self, String> {
        members(value, key)
            .iter()
            .map(|(currency, amount)| match amount.as_integer() {
                Some(amount) if amount >= 0 => Ok((currency.clone(), amount)),
                _ => Err(wrong(key, "amounts in minor units by currency")),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The amount in a currency.
    #[must_use]
    pub fn get(&self, currency_code: &str) -> Option<i64> {
        self.0
            .iter()
            .find(|(currency, _)| currency == currency_code)
            .map(|(_, amount)| *amount)
    }
}
