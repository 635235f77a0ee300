//! A bundle's own examples: an input, and what of the answer must be so.
//!
//! A fixture is a JSON object: `function` ("decide", for example), `input` (the recorded input of that
//! function in the JSON form of its message), `expect` (any part of the recorded output), and
//! optionally `config` in place of the configuration that is being tried, and `hook` where a plugin
//! answers several that have the function.

use std::sync::Arc;

use postlude_kernel::TenantId;
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    component::Component,
    hook::{Function, Hook},
    host::Host,
};

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
    #[serde(default)]
    hook: Option<String>,
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
    pub async fn check_fixture(
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
    pub async fn try_fixture(
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
        let function = fixture.function(&component.hooks())?;
        let input = message((function.input)(), fixture.input)?.encode_to_vec();
        let config: Arc<str> = match &fixture.config {
            Some(config) => config.to_string().into(),
            None => config_json.into(),
        };
        let component = component.clone();
        let ran = self
            .on_pool(tenant, move |inner| {
                (function.run)(inner, &component, &input, config)
            })
            .await
            .map_err(|_| FixtureError::Overloaded)?
            .flatten()
            .ok_or_else(|| FixtureError::Fault("the host failed".to_owned()))?;
        ran.said
            .map_err(|fault| FixtureError::Fault(fault.to_string()))?;
        Ok(Tried {
            output: json((function.output)(), &ran.output)?,
            logs: ran.spent.logs,
            fuel: ran.spent.fuel,
            micros: ran.spent.micros,
            memory_bytes: ran.spent.memory_bytes,
        })
    }
}

impl Fixture {
    fn parse(text: &str) -> Result<Self, FixtureError> {
        serde_json::from_str(text).map_err(|error| FixtureError::Malformed(error.to_string()))
    }

    /// What it asks, of the hooks that the component answers.
    fn function(&self, hooks: &[&'static Hook]) -> Result<&'static Function, FixtureError> {
        let malformed = |text: String| Err(FixtureError::Malformed(text));
        let names = |hooks: &[&'static Hook]| {
            let names: Vec<_> = hooks
                .iter()
                .map(|hook| format!("`{}`", hook.name))
                .collect();
            names.join(", ")
        };
        let asked: Vec<&'static Hook> = hooks
            .iter()
            .copied()
            .filter(|hook| self.hook.as_ref().is_none_or(|name| name == hook.name))
            .collect();
        if let (Some(name), []) = (&self.hook, asked.as_slice()) {
            return malformed(format!(
                "`hook` is `{}`, and the plugin answers {}",
                name.escape_debug(),
                names(hooks)
            ));
        }
        let have: Vec<&'static Hook> = asked
            .iter()
            .copied()
            .filter(|hook| hook.function(&self.function).is_some())
            .collect();
        match have.as_slice() {
            [hook] => hook
                .function(&self.function)
                .map_or_else(|| malformed("`function` is missing".to_owned()), Ok),
            [] => {
                let functions: Vec<_> = asked
                    .iter()
                    .flat_map(|hook| hook.functions)
                    .map(|function| format!("`{}`", function.name))
                    .collect();
                malformed(format!(
                    "`function` is `{}`, and there is {}",
                    self.function.escape_debug(),
                    functions.join(", ")
                ))
            }
            several => malformed(format!(
                "`function` is `{}`, which {} have: name one as `hook`",
                self.function,
                names(several)
            )),
        }
    }
}

fn message(kind: MessageDescriptor, value: Value) -> Result<DynamicMessage, FixtureError> {
    DynamicMessage::deserialize(kind, value)
        .map_err(|error| FixtureError::Malformed(format!("`input`: {error}")))
}

fn json(kind: MessageDescriptor, bytes: &[u8]) -> Result<Value, FixtureError> {
    let fault = |error: &dyn std::fmt::Display| FixtureError::Fault(error.to_string());
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .stringify_64_bit_integers(false)
        .skip_default_fields(false);
    DynamicMessage::decode(kind, bytes)
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
