//! Fills any request so that it passes the contract's field rules and names what is known.
//!
//! Values go by a field's name: what was learnt from answers first (`return_id` is a return's id
//! wherever it stands), then a few words that the rules ask for, then the least that a rule allows.

use std::collections::BTreeMap;

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};

/// How deep messages are filled. No request is deeper; a message that holds itself ends here.
const MAX_DEPTH: usize = 6;

/// Ids that were seen, by the name of the field that held them.
#[derive(Debug, Clone, Default)]
pub struct Known(BTreeMap<String, String>);

impl Known {
    /// Learns every id in a message, however deep. An id that is known already stays.
    pub fn learn(&mut self, message: &impl ReflectMessage) {
        self.learn_dynamic(&message.transcode_to_dynamic());
    }

    /// Sets what a field of this name is filled with.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// What a field of this name is filled with, if anything was learnt.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Makes a request that names what is known.
    #[must_use]
    pub fn fill(&self, descriptor: &MessageDescriptor) -> DynamicMessage {
        self.message(descriptor, 0)
    }

    /// Whether a request of this kind names an id that the platform made: a prefix and a ULID.
    #[must_use]
    pub fn names_a_platform_id(&self, descriptor: &MessageDescriptor) -> bool {
        descriptor
            .fields()
            .any(|field| self.get(field.name()).is_some_and(is_platform_id))
    }

    fn learn_dynamic(&mut self, message: &DynamicMessage) {
        for (field, value) in message.fields() {
            self.learn_value(field.name(), value);
        }
    }

    fn learn_value(&mut self, name: &str, value: &Value) {
        match value {
            Value::String(text) if name.ends_with("_id") && !text.is_empty() => {
                self.0
                    .entry(name.to_owned())
                    .or_insert_with(|| text.clone());
            }
            Value::Message(message) => self.learn_dynamic(message),
            Value::List(values) => values
                .iter()
                .for_each(|value| self.learn_value(name, value)),
            Value::Map(entries) => entries
                .values()
                .for_each(|value| self.learn_value(name, value)),
            Value::Bool(_)
            | Value::I32(_)
            | Value::I64(_)
            | Value::U32(_)
            | Value::U64(_)
            | Value::F32(_)
            | Value::F64(_)
            | Value::String(_)
            | Value::Bytes(_)
            | Value::EnumNumber(_) => {}
        }
    }

    fn message(&self, descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        if descriptor.full_name() == "google.protobuf.Timestamp" {
            message.set_field_by_name("seconds", Value::I64(1_790_000_000));
            return message;
        }
        for field in descriptor.fields() {
            if is_a_guard(field.name()) {
                continue;
            }
            if let Some(value) = self.value(&field, depth) {
                message.set_field(&field, value);
            }
        }
        message
    }

    fn value(&self, field: &FieldDescriptor, depth: usize) -> Option<Value> {
        if field.is_map() {
            return Some(Value::Map(std::collections::HashMap::<MapKey, Value>::new()));
        }
        let one = match field.kind() {
            Kind::Message(_) if depth >= MAX_DEPTH => return None,
            Kind::Message(inner) => Value::Message(self.message(&inner, depth + 1)),
            Kind::Enum(values) => Value::EnumNumber(
                values
                    .values()
                    .map(|value| value.number())
                    .find(|number| *number != 0)
                    .unwrap_or_default(),
            ),
            Kind::String => Value::String(self.text(field.name())),
            Kind::Bytes => Value::Bytes(vec![1, 2, 3].into()),
            Kind::Bool => Value::Bool(false),
            Kind::Double => Value::F64(1.0),
            Kind::Float => Value::F32(1.0),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(1),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(1),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(1),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(1),
        };
        Some(if field.is_list() {
            Value::List(vec![one])
        } else {
            one
        })
    }

    fn text(&self, name: &str) -> String {
        if let Some(known) = self.get(name) {
            return known.to_owned();
        }
        match name {
            "currency_code" => "EUR",
            "country" | "destination_country" => "DE",
            // A contact point's: the first kind is email.
            "value" => "somebody@shop.example",
            "birthday" => "--02-29",
            "config" | "default_config" => "{}",
            "hook" | "hooks" => "return-policy",
            "version" | "plugin_version" => "1.0.0",
            "scopes" => "orders.read",
            "payment_endpoint" => "https://payments.example/refunds",
            "payment_endpoint_secret" => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "locale" => "de-DE",
            "time_zone" => "Europe/Berlin",
            name if name.ends_with("digest") => {
                "sha256:0000000000000000000000000000000000000000000000000000000000000000"
            }
            name if name.ends_with("_token") => "",
            _ => "filled",
        }
        .to_owned()
    }
}

/// Fields that make a call conditional on an earlier one. A filled request is a first one.
fn is_a_guard(name: &str) -> bool {
    matches!(name, "etag" | "request_id" | "page_token" | "page_size")
}

/// Whether a text is a prefix, an underscore and a ULID.
#[must_use]
pub fn is_platform_id(text: &str) -> bool {
    text.split_once('_').is_some_and(|(prefix, rest)| {
        !prefix.is_empty()
            && prefix.bytes().all(|byte| byte.is_ascii_lowercase())
            && rest.len() == 26
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Whether a text stands anywhere in a message.
#[must_use]
pub fn mentions(message: &DynamicMessage, text: &str) -> bool {
    fn in_value(value: &Value, text: &str) -> bool {
        match value {
            Value::String(found) => found.contains(text),
            Value::Bytes(found) => found
                .windows(text.len())
                .any(|window| window == text.as_bytes()),
            Value::Message(message) => mentions(message, text),
            Value::List(values) => values.iter().any(|value| in_value(value, text)),
            Value::Map(entries) => entries.values().any(|value| in_value(value, text)),
            Value::Bool(_)
            | Value::I32(_)
            | Value::I64(_)
            | Value::U32(_)
            | Value::U64(_)
            | Value::F32(_)
            | Value::F64(_)
            | Value::EnumNumber(_) => false,
        }
    }
    message.fields().any(|(_, value)| in_value(value, text))
}
