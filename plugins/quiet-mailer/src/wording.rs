//! The words of a message: the shop's own for the language, and calmer ones.

use postlude_plugin_sdk::{json, notification_policy::OverrideText};

use crate::settings::Settings;

/// What a decision may carry, with room left for the shop's own words.
const MOST: usize = 32;
/// What one text may have.
const MOST_BYTES: usize = 2_048;

/// Texts in place of the template's variables: the shop's own, then what is calmer than it was.
#[must_use]
pub fn overrides(locale: &str, variables_json: &str, settings: &Settings) -> Vec<OverrideText> {
    let mut texts: Vec<OverrideText> = settings
        .words(locale)
        .iter()
        .map(|(name, text)| OverrideText {
            name: name.clone(),
            text: text.clone(),
        })
        .collect();
    if settings.calm {
        // What can't be read here is the template's to complain of.
        let variables = json::parse(variables_json);
        let members = variables.as_ref().map(json::Value::members);
        for (name, value) in members.unwrap_or_default() {
            let own = texts.iter().any(|text| text.name == *name);
            if let Some(calmer) = value.as_text().and_then(calmer)
                && !own
                && plain(name)
                && calmer.len() <= MOST_BYTES
            {
                texts.push(OverrideText {
                    name: name.clone(),
                    text: calmer,
                });
            }
        }
    }
    texts.truncate(MOST);
    texts
}

/// The text with full stops where it had exclamation marks; `None` if it had none.
fn calmer(text: &str) -> Option<String> {
    if !text.contains('!') {
        return None;
    }
    let mut calm = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '!' if calm.ends_with(['.', '?', '!']) => {}
            '!' => calm.push('.'),
            // The mark that opens a Spanish exclamation goes with the one that closes it.
            '¡' => {}
            other => calm.push(other),
        }
    }
    Some(calm)
}

/// Whether a variable can be overridden.
fn plain(name: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    !name.is_empty() && name.len() <= 64 && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclamations_become_statements() {
        for (text, calm) in [
            ("It is here!!!", "It is here."),
            ("Really?!", "Really?"),
            ("¡Ya está aquí!", "Ya está aquí."),
            ("Hi! It is here!", "Hi. It is here."),
        ] {
            assert_eq!(calmer(text).as_deref(), Some(calm));
        }
        assert_eq!(calmer("It is here."), None);
    }
}
