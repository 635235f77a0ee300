//! The layers, put over each other.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use config::{File, FileFormat, Map, Source as _, Value, ValueKind};

use super::{Config, ConfigError, DEFAULTS, PlatformConfig, ServiceConfig};

/// Keys that may also be read from a file: `<key>_file`.
pub const SECRETS: [&str; 4] = [
    "database.url",
    "database.migration_url",
    "nats.url",
    "identity.key",
];

/// Those whose file is read again while the process runs: its name is kept.
const FOLLOWED: [&str; 1] = ["identity.key"];

const PREFIX: &str = "POSTLUDE_";

/// Variables with our prefix that configure something else: tests, the command line's client side,
/// and the folder of the build's tools.
const FOREIGN: [&str; 5] = ["TEST_", "API_KEY", "ENDPOINT", "CA_FILE", "TOOLS"];

/// Collects the layers and loads them.
#[derive(Debug, Clone, Default)]
pub struct Loader {
    services: BTreeMap<String, String>,
    file: Option<PathBuf>,
    env: Vec<(String, String)>,
}

impl Loader {
    /// The platform's defaults alone.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Allows the section of a service; `defaults` is TOML with that section's defaults, or empty
    /// where the service's struct has them.
    #[must_use]
    pub fn section(mut self, name: &str, defaults: &str) -> Self {
        self.services
            .insert(name.replace('-', "_"), defaults.to_owned());
        self
    }

    /// A file over the defaults.
    #[must_use]
    pub fn file(mut self, path: Option<&Path>) -> Self {
        self.file = path.map(Path::to_owned);
        self
    }

    /// The environment over the file: `std::env::vars()`. What doesn't begin with `POSTLUDE_` is
    /// left alone.
    #[must_use]
    pub fn env(mut self, vars: impl IntoIterator<Item = (String, String)>) -> Self {
        self.env.extend(vars);
        self
    }

    /// Puts the layers over each other and checks them.
    ///
    /// # Errors
    /// [`ConfigError`] that names the key and where it stands.
    pub fn load(self) -> Result<Config, ConfigError> {
        let platform = parse(DEFAULTS)?;
        let mut known: BTreeSet<String> = platform.keys().cloned().collect();
        known.extend(self.services.keys().cloned());

        let mut layered = platform;
        for (name, defaults) in &self.services {
            let table = Value::from(parse(defaults)?);
            layered.insert(name.clone(), table);
        }
        if let Some(path) = &self.file {
            let text = read(path)?;
            let origin = path.display().to_string();
            let table = parse(&text)?;
            check_sections(&table, &known, &origin)?;
            overlay(&mut layered, table);
        }
        for (name, text) in &self.env {
            let Some(key) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let scalar = !key.contains("__");
            if scalar && FOREIGN.iter().any(|foreign| is_foreign(key, foreign)) {
                continue;
            }
            let path: Vec<String> = key.to_lowercase().split("__").map(str::to_owned).collect();
            let table = nest(&path, env_value(name, text)?);
            check_sections(&table, &known, &format!("the environment ({name})"))?;
            overlay(&mut layered, table);
        }
        read_secret_files(&mut layered)?;

        let mut sections = BTreeMap::new();
        for name in self.services.keys() {
            if let Some(value) = layered.remove(name) {
                let section = name.clone();
                sections.insert(name.clone(), ServiceConfig { section, value });
            }
        }
        let platform: PlatformConfig =
            Value::from(layered)
                .try_deserialize()
                .map_err(|error| ConfigError::Section {
                    section: "platform".to_owned(),
                    message: without_values(&error),
                })?;
        Ok(Config { platform, sections })
    }
}

fn is_foreign(key: &str, foreign: &str) -> bool {
    if foreign.ends_with('_') {
        key.starts_with(foreign)
    } else {
        key == foreign
    }
}

/// Reads TOML.
pub(super) fn parse(text: &str) -> Result<Map<String, Value>, ConfigError> {
    File::from_str(text, FileFormat::Toml)
        .collect()
        .map_err(|error| ConfigError::Syntax(without_values(&error)))
}

/// The error's text. The reader quotes values of a wrong type; a quoted value could be a secret,
/// so it goes.
pub(super) fn without_values(error: &config::ConfigError) -> String {
    if let config::ConfigError::At { error, key, .. } = error {
        let text = without_values(error);
        return match key {
            Some(key) if !text.contains(key.as_str()) => format!("`{key}`: {text}"),
            Some(_) | None => text,
        };
    }
    if let config::ConfigError::Type { expected, key, .. } = error {
        return match key {
            Some(key) => format!("`{key}` must be {expected}"),
            None => format!("a value must be {expected}"),
        };
    }
    error.to_string()
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::File {
        path: path.display().to_string(),
        source,
    })
}

fn check_sections(
    table: &Map<String, Value>,
    known: &BTreeSet<String>,
    origin: &str,
) -> Result<(), ConfigError> {
    match table.keys().find(|key| !known.contains(*key)) {
        None => Ok(()),
        Some(key) => Err(ConfigError::Unknown {
            key: key.clone(),
            origin: origin.to_owned(),
            known: known.iter().cloned().collect::<Vec<_>>().join(", "),
        }),
    }
}

/// Puts `over` over `under`: tables merge, everything else replaces.
fn overlay(under: &mut Map<String, Value>, over: Map<String, Value>) {
    for (key, value) in over {
        match (under.get_mut(&key).map(|value| &mut value.kind), value.kind) {
            (Some(ValueKind::Table(below)), ValueKind::Table(above)) => overlay(below, above),
            (_, kind) => {
                under.insert(key, Value::new(None, kind));
            }
        }
    }
}

fn nest(path: &[String], value: Value) -> Map<String, Value> {
    match path {
        [] => Map::new(),
        [last] => Map::from_iter([(last.clone(), value)]),
        [first, rest @ ..] => Map::from_iter([(first.clone(), Value::from(nest(rest, value)))]),
    }
}

/// A variable's value: a list if it looks like one, else a text; the reader turns texts into
/// numbers and truth values where the key wants them.
fn env_value(name: &str, text: &str) -> Result<Value, ConfigError> {
    if !text.trim_start().starts_with('[') {
        return Ok(Value::from(text.to_owned()));
    }
    parse(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .ok_or_else(|| ConfigError::Syntax(format!("{name} begins like a list and isn't one")))
}

fn read_secret_files(layered: &mut Map<String, Value>) -> Result<(), ConfigError> {
    for key in SECRETS {
        let Some((section, field)) = key.split_once('.') else {
            continue;
        };
        let Some(ValueKind::Table(table)) = layered.get_mut(section).map(|value| &mut value.kind)
        else {
            continue;
        };
        if let Some(path) = table.remove(&format!("{field}_file")) {
            let path = path.into_string().map_err(|error| ConfigError::Section {
                section: section.to_owned(),
                message: without_values(&error),
            })?;
            let secret = read(Path::new(&path))?;
            table.insert(field.to_owned(), Value::from(secret.trim().to_owned()));
            if FOLLOWED.contains(&key) {
                table.insert(format!("{field}_file"), Value::from(path));
            }
        }
    }
    Ok(())
}
