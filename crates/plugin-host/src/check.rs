//! Rules that the answers of every hook must keep, whoever wrote the plugin.
//!
//! A broken rule is a fault of the plugin: it names the field and the rule. A hook's own rules are
//! in its own `check`.

use postlude_proto::runs::v1::PolicyReason;

use crate::context::Reason;

const MAX_REASONS: usize = 16;
const MAX_CODE_BYTES: usize = 64;
const MAX_TEXT_BYTES: usize = 512;

/// A field and the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {rule}")]
pub(crate) struct Broken {
    field: String,
    rule: String,
}

/// Says that a field breaks a rule.
pub(crate) fn broken<T>(field: impl Into<String>, rule: impl Into<String>) -> Result<T, Broken> {
    Err(Broken {
        field: field.into(),
        rule: rule.into(),
    })
}

/// Reasons: at least one, each a code and a sentence.
pub(crate) fn reasons(field: &str, said: Vec<PolicyReason>) -> Result<Vec<Reason>, Broken> {
    if said.is_empty() {
        return broken(field, "is empty: every answer has a reason");
    }
    if said.len() > MAX_REASONS {
        return broken(
            field,
            format!("has {} reasons, and {MAX_REASONS} at most", said.len()),
        );
    }
    said.into_iter()
        .enumerate()
        .map(|(index, reason)| {
            let code = reason.code.as_bytes();
            let well_formed = code.first().is_some_and(u8::is_ascii_uppercase)
                && code.len() <= MAX_CODE_BYTES
                && code
                    .iter()
                    .all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
            if !well_formed {
                return broken(
                    format!("{field}[{index}].code"),
                    format!("isn't UPPER_SNAKE of {MAX_CODE_BYTES} bytes at most"),
                );
            }
            let text = reason.text;
            if text.trim().is_empty()
                || text.len() > MAX_TEXT_BYTES
                || text.chars().any(char::is_control)
            {
                return broken(
                    format!("{field}[{index}].text"),
                    format!("isn't a sentence of {MAX_TEXT_BYTES} bytes at most without control characters"),
                );
            }
            Ok(Reason {
                code: reason.code,
                text,
            })
        })
        .collect()
}

/// The answer's entries, one for each of those that were asked about, in their order.
pub(crate) fn one_each<'a>(
    field: &str,
    whole: &str,
    said: &[&str],
    asked: impl ExactSizeIterator<Item = &'a str>,
) -> Result<(), Broken> {
    if said.len() != asked.len() {
        return broken(
            field,
            format!(
                "has {} entries for the {whole}'s {} lines",
                said.len(),
                asked.len()
            ),
        );
    }
    for (index, (said, asked)) in said.iter().zip(asked).enumerate() {
        if *said != asked {
            return broken(
                format!("{field}[{index}].line_id"),
                format!(
                    "is `{}` where the {whole} has `{asked}`",
                    said.escape_debug()
                ),
            );
        }
    }
    Ok(())
}
