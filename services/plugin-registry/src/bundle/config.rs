//! A plugin's configuration: its JSON Schema, its defaults, and what a retailer puts over them.

use jsonschema::{PatternOptions, Validator};
use postlude_kernel::FieldViolation;
use serde_json::Value;

/// Bytes of a schema or a configuration, at most.
const MAX_BYTES: usize = 64 * 1024;
/// Violations that are reported, at most.
const MAX_VIOLATIONS: usize = 20;

/// A compiled schema. It never reads anything from elsewhere: remote references are refused.
#[derive(Debug)]
pub(crate) struct ConfigSchema(Validator);

impl ConfigSchema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// The broken rule as a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("has {MAX_BYTES} bytes at most"));
        }
        let schema: Value =
            serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
        if !schema.is_object() {
            return Err("is not a JSON object".to_owned());
        }
        jsonschema::options()
            .offline()
            // Linear-time expressions only: a schema is foreign code too.
            .with_pattern_options(PatternOptions::regex())
            .build(&schema)
            .map(Self)
            .map_err(|error| format!("is not a valid JSON Schema: {error}"))
    }

    /// Checks the defaults on their own and gives their canonical text.
    ///
    /// # Errors
    /// The first violation, its field being a JSON pointer into the defaults.
    pub(crate) fn accept_defaults(&self, text: &str) -> Result<String, FieldViolation> {
        let value = parse_object(text).map_err(|rule| FieldViolation::new("", rule))?;
        match self.check(&value).into_iter().next() {
            Some(violation) => Err(violation),
            None => Ok(value.to_string()),
        }
    }

    /// Puts `over` over `defaults` (objects merge key by key, everything else replaces) and checks the
    /// result. Empty text changes nothing.
    ///
    /// # Errors
    /// Every violation, 20 at most; a field is `config` and a JSON pointer into the result.
    pub(crate) fn merge(&self, defaults: &str, over: &str) -> Result<String, Vec<FieldViolation>> {
        let one = |rule| vec![FieldViolation::new("config", rule)];
        let mut merged = parse_object(defaults).map_err(one)?;
        if !over.trim().is_empty() {
            put_over(&mut merged, parse_object(over).map_err(one)?);
        }
        let violations: Vec<_> = self
            .check(&merged)
            .into_iter()
            .map(|violation| FieldViolation {
                field: format!("config{}", violation.field),
                description: violation.description,
            })
            .collect();
        if violations.is_empty() {
            Ok(merged.to_string())
        } else {
            Err(violations)
        }
    }

    fn check(&self, value: &Value) -> Vec<FieldViolation> {
        self.0
            .iter_errors(value)
            .take(MAX_VIOLATIONS)
            .map(|error| FieldViolation::new(error.instance_path().to_string(), error.to_string()))
            .collect()
    }
}

fn parse_object(text: &str) -> Result<Value, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("has {MAX_BYTES} bytes at most"));
    }
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err("is not a JSON object".to_owned())
    }
}

fn put_over(target: &mut Value, over: Value) {
    let Value::Object(over) = over else {
        *target = over;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    if let Value::Object(target) = target {
        for (key, value) in over {
            put_over(target.entry(key).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use super::*;

    const SCHEMA: &str = r#"{
        "type": "object",
        "additionalProperties": false,
        "required": ["days"],
        "properties": {
            "days": {"type": "integer", "minimum": 1},
            "fees": {"type": "object", "additionalProperties": {"type": "integer"}}
        }
    }"#;
    const DEFAULTS: &str = r#"{"days": 30, "fees": {"shoes": 500}}"#;

    #[test]
    fn keys_that_are_missing_take_their_defaults() {
        let schema = ConfigSchema::parse(SCHEMA).unwrap();
        let merged = schema
            .merge(DEFAULTS, r#"{"fees": {"hats": 1}, "days": 14}"#)
            .unwrap();
        let merged: Value = serde_json::from_str(&merged).unwrap();
        assert_eq!(
            merged,
            serde_json::json!({"days": 14, "fees": {"shoes": 500, "hats": 1}})
        );
        assert_eq!(
            schema.merge(DEFAULTS, "").unwrap(),
            schema.accept_defaults(DEFAULTS).unwrap()
        );
    }

    #[test]
    fn names_each_broken_field_by_pointer() {
        let schema = ConfigSchema::parse(SCHEMA).unwrap();
        let violations = schema
            .merge(DEFAULTS, r#"{"days": 0, "fees": {"hats": "free"}}"#)
            .unwrap_err();
        let mut fields: Vec<_> = violations.iter().map(|v| v.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["config/days", "config/fees/hats"]);
    }

    #[test]
    fn refuses_what_is_no_schema_and_remote_references() {
        for text in [
            "",
            "[]",
            r#"{"type": "no-such-type"}"#,
            r#"{"$ref": "https://example.com/schema.json"}"#,
            r#"{"$ref": "file:///etc/passwd"}"#,
        ] {
            assert!(ConfigSchema::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn refuses_defaults_that_break_their_own_schema() {
        let schema = ConfigSchema::parse(SCHEMA).unwrap();
        assert_eq!(
            schema.accept_defaults(r#"{"days": 0}"#).unwrap_err().field,
            "/days"
        );
        assert!(schema.accept_defaults("{}").is_err());
    }
}
