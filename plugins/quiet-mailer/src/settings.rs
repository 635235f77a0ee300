//! The retailer's settings. The registry has checked them against `config.schema.json`; what can't
//! be read here all the same is the plugin's own error, with the key's name.

use postlude_plugin_sdk::{
    config::{Amounts, choice, count, flag, members, texts, wrong},
    json::{self, Value},
    notification_policy::{Channel, Priority, Purpose},
};

/// The retailer's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Channels for messages that belong to something the customer asked for.
    pub transactional: Vec<Channel>,
    /// Channels for everything else.
    pub marketing: Vec<Channel>,
    /// Whether channels that the customer has opted in to come first.
    pub customer_first: bool,
    /// Channels that are used only from an order value on.
    pub order_value_at_least: Vec<(Channel, Amounts)>,
    /// What is different for a journey, by its code.
    pub journeys: Vec<(String, Journey)>,
    /// Journeys that are never sent.
    pub suppressed_journeys: Vec<String>,
    /// Marketing that a customer gets at most.
    pub caps: Caps,
    /// How many days late a message above a cap may be.
    pub hold_days: u32,
    /// Whether exclamation marks become full stops.
    pub calm: bool,
    /// Texts by language, then by variable.
    pub wording: Vec<(String, Vec<(String, String)>)>,
}

/// What is different for a journey.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Journey {
    /// Its channels; as for its purpose, if `None`.
    pub channels: Option<Vec<Channel>>,
    /// How much it hurries; as for its purpose, if `None`.
    pub priority: Option<Priority>,
    /// A variant of its template.
    pub template_variant: Option<String>,
}

/// Marketing that a customer gets at most; no cap, if `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caps {
    /// In 24 hours.
    pub day: Option<u32>,
    /// In 7 days.
    pub week: Option<u32>,
    /// In 30 days.
    pub month: Option<u32>,
}

const CHANNELS: [(&str, Channel); 5] = [
    ("email", Channel::Email),
    ("sms", Channel::Sms),
    ("push", Channel::Push),
    ("in-app", Channel::InApp),
    ("webhook", Channel::Webhook),
];

const PRIORITIES: [(&str, Priority); 3] = [
    ("immediate", Priority::Immediate),
    ("normal", Priority::Normal),
    ("digest", Priority::Digest),
];

impl Settings {
    /// Reads the configuration.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let root = json::parse(text).map_err(|error| format!("The configuration: {error}."))?;
        let empty = Value::Null;
        let by_purpose = root.get("channels").unwrap_or(&empty);
        Ok(Self {
            transactional: channels(by_purpose, "transactional")?.unwrap_or_else(|| {
                vec![Channel::Email, Channel::InApp, Channel::Push, Channel::Sms]
            }),
            marketing: channels(by_purpose, "marketing")?
                .unwrap_or_else(|| vec![Channel::Email, Channel::InApp]),
            customer_first: flag(&root, "customer_first", true)?,
            order_value_at_least: order_values(&root)?,
            journeys: members(&root, "journeys")
                .iter()
                .map(|(code, value)| Ok((code.clone(), journey(value)?)))
                .collect::<Result<_, String>>()?,
            suppressed_journeys: texts(&root, "suppressed_journeys")?,
            caps: caps(root.get("marketing_caps").unwrap_or(&empty))?,
            hold_days: count(&root, "hold_days", 3)?,
            calm: flag(&root, "calm", true)?,
            wording: members(&root, "wording")
                .iter()
                .map(|(language, words)| Ok((language.clone(), words_of(words)?)))
                .collect::<Result<_, String>>()?,
        })
    }

    /// What is different for a journey, if anything is.
    #[must_use]
    pub fn journey(&self, code: &str) -> Option<&Journey> {
        self.journeys
            .iter()
            .find(|(name, _)| name == code)
            .map(|(_, journey)| journey)
    }

    /// The channels of a purpose.
    #[must_use]
    pub fn channels(&self, purpose: Purpose) -> &[Channel] {
        match purpose {
            Purpose::Transactional => &self.transactional,
            Purpose::Marketing => &self.marketing,
        }
    }

    /// The texts of a language: its own, else those of the language without its region, else English.
    #[must_use]
    pub fn words(&self, locale: &str) -> &[(String, String)] {
        let language = locale.split('-').next().unwrap_or_default();
        [locale, language, "en"]
            .iter()
            .find_map(|wanted| self.wording.iter().find(|(name, _)| name == wanted))
            .map_or(&[], |(_, words)| words)
    }
}

fn journey(value: &Value) -> Result<Journey, String> {
    let priority = match value.get("priority") {
        None => None,
        Some(_) => Some(choice(value, "priority", &PRIORITIES, Priority::Normal)?),
    };
    let template_variant = match value.get("template_variant") {
        None => None,
        Some(variant) => Some(
            variant
                .as_text()
                .ok_or_else(|| wrong("template_variant", "a text"))?
                .to_owned(),
        ),
    };
    Ok(Journey {
        channels: channels(value, "channels")?,
        priority,
        template_variant,
    })
}

fn caps(value: &Value) -> Result<Caps, String> {
    let cap = |key| match value.get(key) {
        None => Ok(None),
        Some(_) => count(value, key, 0).map(Some),
    };
    Ok(Caps {
        day: cap("day")?,
        week: cap("week")?,
        month: cap("month")?,
    })
}

fn channels(value: &Value, key: &str) -> Result<Option<Vec<Channel>>, String> {
    if value.get(key).is_none() {
        return Ok(None);
    }
    texts(value, key)?
        .iter()
        .map(|name| channel(key, name))
        .collect::<Result<_, _>>()
        .map(Some)
}

fn order_values(root: &Value) -> Result<Vec<(Channel, Amounts)>, String> {
    let key = "order_value_at_least";
    let Some(value) = root.get(key) else {
        return Ok(Vec::new());
    };
    value
        .members()
        .iter()
        .map(|(name, _)| Ok((channel(key, name)?, Amounts::read(value, name)?)))
        .collect()
}

fn channel(key: &str, name: &str) -> Result<Channel, String> {
    CHANNELS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, channel)| *channel)
        .ok_or_else(|| wrong(key, "out of email, sms, push, in-app and webhook"))
}

fn words_of(value: &Value) -> Result<Vec<(String, String)>, String> {
    value
        .members()
        .iter()
        .map(|(name, text)| {
            text.as_text()
                .map(|text| (name.clone(), text.to_owned()))
                .ok_or_else(|| wrong("wording", "texts by variable, by language"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use super::*;

    #[test]
    fn the_shipped_defaults_can_be_read() {
        let settings = Settings::parse(include_str!("../config.default.json")).unwrap();
        assert_eq!(settings.marketing, [Channel::Email, Channel::InApp]);
        assert_eq!(settings.caps.week, Some(2));
    }

    #[test]
    fn everything_may_be_left_out() {
        let settings = Settings::parse("{}").unwrap();
        assert_eq!(settings.caps, Caps::default());
        assert_eq!(settings.channels(Purpose::Transactional).len(), 4);
        assert!(settings.words("de-AT").is_empty());
    }

    #[test]
    fn words_fall_back_from_region_to_language_to_english() {
        let text = r#"{"wording": {"en": {"a": "x"}, "de": {"a": "y"}, "de-AT": {"a": "z"}}}"#;
        let settings = Settings::parse(text).unwrap();
        let word = |locale| settings.words(locale).first().unwrap().1.clone();
        assert_eq!(word("de-AT"), "z");
        assert_eq!(word("de-CH"), "y");
        assert_eq!(word("fr"), "x");
    }

    #[test]
    fn a_wrong_value_is_named() {
        for (text, key) in [
            (r#"{"channels": {"marketing": ["fax"]}}"#, "marketing"),
            (r#"{"order_value_at_least": {"sms": {"EUR": -1}}}"#, "sms"),
            (
                r#"{"journeys": {"birthday": {"priority": "soon"}}}"#,
                "priority",
            ),
            (r#"{"marketing_caps": {"day": "one"}}"#, "day"),
            (r#"{"wording": {"en": {"a": 1}}}"#, "wording"),
            ("{", "byte 1"),
        ] {
            let error = Settings::parse(text).unwrap_err();
            assert!(error.contains(key), "{error}");
        }
    }
}
