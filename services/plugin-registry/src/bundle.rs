//! A bundle, opened and checked: the archive, the manifest, the component, the configuration.
//!
//! [`open`] looks and runs nothing; [`fixtures`] then runs the bundle's own examples under the host's
//! limits. Each refusal names what is wrong and where. Keeping a bundle is `store`'s; which version is
//! in service is `domain`'s.

pub(crate) mod archive;
pub(crate) mod config;
pub(crate) mod fixtures;
pub(crate) mod manifest;

use bytes::Bytes;
use postlude_plugin_host::ComponentInfo;
use sha2::{Digest, Sha256};

use self::{archive::Archive, config::ConfigSchema, manifest::Manifest};
use crate::domain::{Hook, Version};

/// Where the manifest lies in a bundle.
pub(crate) const MANIFEST: &str = "plugin.toml";
/// Where the component lies in a bundle.
pub(crate) const COMPONENT: &str = "component.wasm";

/// Interfaces that a policy may import and the capability that each needs; types need none. All are
/// pure.
const IMPORTS: [(&str, Option<&str>); 3] = [
    ("postlude:plugin/config@1.0.0", Some("config")),
    ("postlude:plugin/log@1.0.0", Some("log")),
    ("postlude:plugin/types@1.0.0", None),
];

/// What is wrong with a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The archive.
    Archive,
    /// Its size.
    Size,
    /// The manifest.
    Manifest,
    /// The component.
    Component,
    /// What the component exports and imports.
    World,
    /// The configuration's schema or its defaults.
    Config,
    /// What one of its own examples came to.
    Fixture,
}

/// Why a bundle is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {rule}")]
pub(crate) struct Refusal {
    /// What is wrong.
    pub(crate) flaw: Flaw,
    /// Where: a file of the bundle, and the key in it.
    pub(crate) place: String,
    /// The rule that is broken, as a sentence.
    pub(crate) rule: String,
}

impl Refusal {
    pub(crate) fn new(flaw: Flaw, place: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            flaw,
            place: place.into(),
            rule: rule.into(),
        }
    }
}

/// How large a bundle may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of the component.
    pub(crate) component_bytes: usize,
}

/// A bundle that passed every check.
#[derive(Debug)]
pub(crate) struct Bundle {
    pub(crate) manifest: Manifest,
    pub(crate) version: Version,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) component: Bytes,
    pub(crate) component_digest: String,
    pub(crate) config_schema: String,
    pub(crate) default_config: String,
    /// Its own examples: path and text, by path.
    pub(crate) fixtures: Vec<(String, String)>,
}

/// Opens a bundle and checks all of it.
///
/// # Errors
/// The first [`Refusal`].
pub(crate) fn open(bytes: &[u8], limits: Limits) -> Result<Bundle, Refusal> {
    let archive = Archive::read(bytes)?;
    let manifest = Manifest::parse(archive.text(MANIFEST, Flaw::Manifest)?)?;
    let version = manifest.version()?;
    let hooks = manifest.hooks()?;
    let component = archive.file(COMPONENT, Flaw::Component)?;
    check_component(&manifest, &hooks, component, limits)?;
    let schema_text = archive.text(&manifest.config.schema, Flaw::Config)?;
    let defaults_text = archive.text(&manifest.config.defaults, Flaw::Config)?;
    let schema = ConfigSchema::parse(schema_text)
        .map_err(|rule| Refusal::new(Flaw::Config, &manifest.config.schema, rule))?;
    let defaults = schema.accept_defaults(defaults_text).map_err(|violation| {
        Refusal::new(
            Flaw::Config,
            format!("{}{}", manifest.config.defaults, violation.field),
            violation.description,
        )
    })?;
    Ok(Bundle {
        fixtures: fixtures::read(&archive, &manifest)?,
        version,
        hooks,
        component: Bytes::copy_from_slice(component),
        component_digest: digest(component),
        config_schema: schema_text.to_owned(),
        default_config: defaults,
        manifest,
    })
}

/// The digest by which components and configurations are known.
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn check_component(
    manifest: &Manifest,
    hooks: &[Hook],
    bytes: &[u8],
    limits: Limits,
) -> Result<(), Refusal> {
    if bytes.len() > limits.component_bytes {
        return Err(Refusal::new(
            Flaw::Component,
            COMPONENT,
            format!(
                "a component has {} bytes at most; this one has {}",
                limits.component_bytes,
                bytes.len()
            ),
        ));
    }
    let info = postlude_plugin_host::inspect(bytes)
        .map_err(|error| Refusal::new(Flaw::Component, COMPONENT, error.to_string()))?;
    check_world(manifest, hooks, &info)
}

fn check_world(manifest: &Manifest, hooks: &[Hook], info: &ComponentInfo) -> Result<(), Refusal> {
    let world = |rule: String| Refusal::new(Flaw::World, COMPONENT, rule);
    for hook in hooks {
        if !info.hooks.iter().any(|exported| exported == hook.name()) {
            return Err(world(format!(
                "the manifest lists the hook `{}`, the component exports {}",
                hook.name(),
                listed(&info.exports)
            )));
        }
    }
    for exported in &info.hooks {
        if !hooks.iter().any(|hook| exported == hook.name()) {
            return Err(world(format!(
                "the component answers the hook `{exported}`, which the manifest doesn't list"
            )));
        }
    }
    for import in &info.imports {
        let Some((_, capability)) = IMPORTS.iter().find(|(known, _)| known == import) else {
            return Err(world(format!(
                "the component imports `{import}`; a policy may import {} only",
                listed(&IMPORTS.map(|(known, _)| known.to_owned()))
            )));
        };
        if let Some(capability) = capability
            && !manifest
                .capabilities
                .iter()
                .any(|asked| asked.name == *capability)
        {
            return Err(world(format!(
                "the component imports `{import}`, and the manifest doesn't list the capability `{capability}`"
            )));
        }
    }
    Ok(())
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        format!("`{}`", names.join("`, `"))
    }
}
