//! A bundle's own examples: an input, and what of the answer must be so.
//!
//! A fixture is a JSON object: `function` ("terms" or "decide"), `input` (the recorded input of that
//! function in the JSON form of its message), `expect` (any part of the recorded output), and
//! optionally `config` in place of the configuration that is being tried.

use std::sync::Arc;

use postlude_kernel::TenantId;
use postlude_proto::{
    DESCRIPTOR_POOL,
    runs::v1::{ReturnPolicyDecideInput, ReturnPolicyTermsInput},
};
use prost::Message as _;
use prost_reflect::{DynamicMessage, SerializeOptions};
use serde::Deserialize;
use serde_json::Value;

use super::{DECIDE, TERMS, wire::Input};
use crate::{component::Component, host::Host};

/// Why a fixture doesn't pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FixtureError {
    /// It can't be read.
    #[error("the fixture can't be read: {0}")]
    Malformed(String),
    /// The plugin broke on it.
    #[error("the plugin failed: {0}")]
    Fault(String),
    /// The answer is another.
    #[error("`{path}` is {found}, and {expected} is expected")]
    Differs {
        /// Where in the output.
        path: String,
        /// What came out.
        found: String,
        /// What the fixture expects.
        expected: String,
    },
    /// Every slot is taken.
    #[error("every slot for plugins is taken")]
    Overloaded,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    /// For people.
    #[serde(default)]
    #[allow(dead_code, reason = "a fixture may say what it is about")]
    description: String,
    function: String,
    #[serde(default)]
    config: Option<Value>,
    input: Value,
    #[serde(default)]
    expect: Option<Value>,
}

/// One call for its author to look at: nothing was decided by it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// The answer, in the JSON form of the recorded output.
    pub output: Value,
    /// What it logged, one text a line.
    pub logs: Vec<String>,
    /// Fuel that it took.
    pub fuel: u64,
    /// Microseconds that it took.
    pub micros: u64,
    /// Bytes of linear memory at the end.
    pub memory_bytes: u64,
}

impl Host {
    /// Runs one of a bundle's fixtures with a configuration.
    ///
    /// # Errors
    /// [`FixtureError`] that says what is wrong and where.
    pub async fn return_policy_fixture(
        &self,
        tenant: &TenantId,
        component: &Component,
        config_json: &str,
        fixture: &str,
    ) -> Result<(), FixtureError> {
        let fixture = Fixture::parse(fixture)?;
        let Some(expect) = fixture.expect.clone() else {
            return Err(FixtureError::Malformed("missing field `expect`".to_owned()));
        };
        let tried = self
            .run_fixture(tenant, component, config_json, fixture)
            .await?;
        contains("", &tried.output, &expect)
    }

    /// Runs a fixture for the sake of its answer, whatever it expects, if anything.
    ///
    /// # Errors
    /// [`FixtureError`] if there is no answer.
    pub async fn return_policy_try(
        &self,
        tenant: &TenantId,
        component: &Component,
        config_json: &str,
        fixture: &str,
    ) -> Result<Tried, FixtureError> {
        let fixture = Fixture::parse(fixture)?;
        self.run_fixture(tenant, component, config_json, fixture)
            .await
    }

    async fn run_fixture(
        &self,
        tenant: &TenantId,
        component: &Component,
        config_json: &str,
        fixture: Fixture,
    ) -> Result<Tried, FixtureError> {
        let malformed = |error: &dyn std::fmt::Display| FixtureError::Malformed(error.to_string());
        let (input_type, output_type) = match fixture.function.as_str() {
            TERMS => ("ReturnPolicyTermsInput", "ReturnPolicyTermsOutput"),
            DECIDE => ("ReturnPolicyDecideInput", "ReturnPolicyDecideOutput"),
            other => return Err(malformed(&format!("`function` is `{other}`"))),
        };
        let input = message(input_type, fixture.input)?.encode_to_vec();
        let input = if fixture.function == TERMS {
            ReturnPolicyTermsInput::decode(input.as_slice()).map(Input::Terms)
        } else {
            ReturnPolicyDecideInput::decode(input.as_slice()).map(Input::Decide)
        }
        .map_err(|error| malformed(&error))?;
        let config: Arc<str> = match &fixture.config {
            Some(config) => config.to_string().into(),
            None => config_json.into(),
        };
        let component = component.clone();
        let output = self
            .on_pool(tenant, move |inner| {
                super::call::output(inner, &component, &input, config)
            })
            .await
            .map_err(|_| FixtureError::Overloaded)?
            .ok_or_else(|| FixtureError::Fault("the host failed".to_owned()))?;
        let (output, spent) = output;
        let output = output.map_err(|fault| FixtureError::Fault(fault.to_string()))?;
        Ok(Tried {
            output: json(output_type, &output)?,
            logs: spent.logs,
            fuel: spent.fuel,
            micros: spent.micros,
            memory_bytes: spent.memory_bytes,
        })
    }
}

impl Fixture {
    fn parse(text: &str) -> Result<Self, FixtureError> {
        serde_json::from_str(text).map_err(|error| FixtureError::Malformed(error.to_string()))
    }
}

fn descriptor(name: &str) -> Result<prost_reflect::MessageDescriptor, FixtureError> {
    DESCRIPTOR_POOL
        .get_message_by_name(&format!("postlude.runs.v1.{name}"))
        .ok_or_else(|| FixtureError::Malformed(format!("there is no message {name}")))
}

fn message(name: &str, value: Value) -> Result<DynamicMessage, FixtureError> {
    DynamicMessage::deserialize(descriptor(name)?, value)
        .map_err(|error| FixtureError::Malformed(format!("`input`: {error}")))
}

fn json(name: &str, bytes: &[u8]) -> Result<Value, FixtureError> {
    let fault = |error: &dyn std::fmt::Display| FixtureError::Fault(error.to_string());
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .stringify_64_bit_integers(false)
        .skip_default_fields(false);
    DynamicMessage::decode(descriptor(name)?, bytes)
        .map_err(|error| fault(&error))?
        .serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|error| fault(&error))
}

/// Whether everything that is expected is there; lists must be as long.
fn contains(path: &str, found: &Value, expected: &Value) -> Result<(), FixtureError> {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (key, expected) in expected {
                let found = found.get(key).unwrap_or(&Value::Null);
                contains(&format!("{path}/{key}"), found, expected)?;
            }
            Ok(())
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => found
            .iter()
            .zip(expected)
            .enumerate()
            .try_for_each(|(index, (found, expected))| {
                contains(&format!("{path}/{index}"), found, expected)
            }),
        (found, expected) if found == expected => Ok(()),
        (found, expected) => Err(FixtureError::Differs {
            path: path.to_owned(),
            found: found.to_string(),
            expected: expected.to_string(),
        }),
    }
}
