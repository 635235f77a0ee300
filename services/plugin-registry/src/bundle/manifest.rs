//! `plugin.toml`: what a plugin says of itself. Unknown keys are refused.

use serde::Deserialize;

use super::{Flaw, MANIFEST, Refusal};
use crate::domain::{FaultAction, Hook, Version};

/// A manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Manifest {
    /// The plugin, `[a-z0-9-]{1,64}`.
    pub(crate) id: String,
    /// Its version: three numbers.
    version: String,
    /// Who made it.
    pub(crate) publisher: String,
    /// Licence, SPDX.
    #[serde(alias = "licence")]
    pub(crate) license: String,
    /// What it does, in a sentence or two.
    pub(crate) description: String,
    /// The contract's world; may be left out, for the component says it itself.
    #[serde(default)]
    world: String,
    /// The hooks it answers.
    pub(crate) hooks: Vec<HookEntry>,
    /// What it wants from the host.
    #[serde(default)]
    pub(crate) capabilities: Vec<Capability>,
    /// Where its configuration is described.
    #[serde(default)]
    pub(crate) config: ConfigFiles,
    /// What a call may take; never more than the host allows anyway.
    #[serde(default)]
    #[allow(
        dead_code,
        reason = "checked for unknown keys; the host's own limits rule"
    )]
    limits: Limits,
    /// Folders with fixtures: examples that must come out as they say.
    #[serde(default)]
    pub(crate) tests: Vec<String>,
}

/// A hook that the plugin answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct HookEntry {
    /// The hook's name.
    name: String,
    /// Its place in a chain; one plugin answers a hook today.
    #[serde(default)]
    #[allow(
        dead_code,
        reason = "read, so that a manifest with a chain in mind is accepted"
    )]
    order: i32,
    /// What to do when the plugin fails; an installation may choose otherwise.
    #[serde(default)]
    fault_action: Option<String>,
}

/// Something the plugin wants from the host.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Capability {
    /// The interface: `config` or `log`.
    pub(crate) name: String,
    /// Why the plugin wants it, for the person who installs it.
    reason: String,
}

/// Where the configuration is described.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConfigFiles {
    /// Path of the JSON Schema.
    pub(crate) schema: String,
    /// Path of the defaults.
    pub(crate) defaults: String,
}

impl Default for ConfigFiles {
    fn default() -> Self {
        Self {
            schema: "config.schema.json".to_owned(),
            defaults: "config.default.json".to_owned(),
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[allow(
    dead_code,
    reason = "checked for unknown keys; the host's own limits rule"
)]
struct Limits {
    fuel: Option<u64>,
    memory_mib: Option<u32>,
    wall_ms: Option<u32>,
}

impl Manifest {
    /// Parses a manifest and checks what doesn't need the rest of the bundle.
    ///
    /// # Errors
    /// A [`Refusal`] that names the key.
    pub(crate) fn parse(text: &str) -> Result<Self, Refusal> {
        let manifest: Self = toml::from_str(text)
            .map_err(|error| Refusal::new(Flaw::Manifest, MANIFEST, place(&error, text)))?;
        let id = &manifest.id;
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !(1..=64).contains(&id.len()) || !id.bytes().all(plain) {
            return Err(flaw("id", "is 1 to 64 characters out of a-z, 0-9 and -"));
        }
        for (key, text, most) in [
            ("publisher", &manifest.publisher, 128),
            ("license", &manifest.license, 128),
            ("description", &manifest.description, 1_000),
        ] {
            if text.trim().is_empty() || text.len() > most {
                return Err(flaw(key, format!("is 1 to {most} bytes of text")));
            }
        }
        for capability in &manifest.capabilities {
            if capability.reason.trim().is_empty() {
                return Err(flaw(
                    "capabilities",
                    format!("`{}` needs a reason", capability.name),
                ));
            }
        }
        Ok(manifest)
    }

    /// The version.
    pub(crate) fn version(&self) -> Result<Version, Refusal> {
        Version::parse(&self.version).ok_or_else(|| {
            flaw(
                "version",
                format!("`{}` is not a version such as 1.2.3", self.version),
            )
        })
    }

    /// The hooks, at least one, none twice.
    pub(crate) fn hooks(&self) -> Result<Vec<Hook>, Refusal> {
        let mut hooks: Vec<Hook> = Vec::new();
        for entry in &self.hooks {
            let Some(hook) = Hook::parse(&entry.name) else {
                return Err(flaw(
                    "hooks",
                    format!(
                        "`{}` is not a hook; there is {}",
                        entry.name,
                        Hook::all_names()
                    ),
                ));
            };
            if hooks.contains(&hook) {
                return Err(flaw("hooks", format!("`{}` is listed twice", entry.name)));
            }
            hooks.push(hook);
        }
        if hooks.is_empty() {
            return Err(flaw("hooks", "names at least one hook"));
        }
        let worlds: Vec<_> = hooks
            .iter()
            .filter_map(|hook| postlude_plugin_host::hook(hook.name()))
            .map(|hook| hook.world)
            .collect();
        if !self.world.is_empty() && !worlds.contains(&self.world.as_str()) {
            return Err(flaw(
                "world",
                format!(
                    "`{}` is not the hook's; that is {}",
                    self.world,
                    worlds.join(", ")
                ),
            ));
        }
        self.fault_action()?;
        Ok(hooks)
    }

    /// What the author wants done when the plugin fails; where nothing is said, what the first of its
    /// hooks has for that. An installation has one, whatever the number of its hooks.
    pub(crate) fn fault_action(&self) -> Result<FaultAction, Refusal> {
        let mut wanted: Option<FaultAction> = None;
        for text in self
            .hooks
            .iter()
            .filter_map(|entry| entry.fault_action.as_ref())
        {
            let action = FaultAction::parse(text).ok_or_else(|| {
                flaw(
                    "hooks.fault-action",
                    format!(
                        "`{text}` is none of {}",
                        FaultAction::ALL.map(FaultAction::name).join(", ")
                    ),
                )
            })?;
            if wanted.is_some_and(|before| before != action) {
                return Err(flaw(
                    "hooks.fault-action",
                    "is the same for every hook of a plugin; plugins with different ones are two",
                ));
            }
            wanted = Some(action);
        }
        Ok(wanted.unwrap_or_else(|| {
            let first = self
                .hooks
                .first()
                .and_then(|entry| Hook::parse(&entry.name));
            first.map_or(FaultAction::ManualReview, Hook::fault_action)
        }))
    }
}

fn flaw(key: &str, rule: impl Into<String>) -> Refusal {
    Refusal::new(Flaw::Manifest, format!("{MANIFEST}: {key}"), rule)
}

fn place(error: &toml::de::Error, text: &str) -> String {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}: {}", error.message().replace('\n', " "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use super::*;

    const GOOD: &str = r#"
id = "standard-returns"
version = "1.2.3"
publisher = "Postlude"
license = "Apache-2.0"
description = "Windows and fees."

[[hooks]]
name = "return-policy"
fault-action = "fail-closed"

[[capabilities]]
name = "log"
reason = "Says which rule it took."
"#;

    #[test]
    fn reads_a_manifest() {
        let manifest = Manifest::parse(GOOD).unwrap();
        assert_eq!(manifest.version().unwrap().to_string(), "1.2.3");
        assert_eq!(
            manifest.hooks().unwrap(),
            [Hook::parse("return-policy").unwrap()]
        );
        assert_eq!(manifest.fault_action().unwrap(), FaultAction::FailClosed);
    }

    #[test]
    fn a_hook_says_what_is_done_where_the_manifest_does_not() {
        let silent = GOOD.replace("fault-action = \"fail-closed\"\n", "");
        let manifest = Manifest::parse(&silent).unwrap();
        assert_eq!(manifest.fault_action().unwrap(), FaultAction::ManualReview);
        let mailer = silent.replace("return-policy", "notification-policy");
        let manifest = Manifest::parse(&mailer).unwrap();
        assert_eq!(manifest.fault_action().unwrap(), FaultAction::Default);
    }

    #[test]
    fn one_fault_action_is_for_all_hooks_of_a_plugin() {
        let two = |action: &str| {
            GOOD.replace(
                "[[capabilities]]",
                &format!(
                    "[[hooks]]\nname = \"loyalty-rules\"\nfault-action = \"{action}\"\n\n[[capabilities]]"
                ),
            )
        };
        let same = Manifest::parse(&two("fail-closed")).unwrap();
        assert_eq!(same.hooks().unwrap().len(), 2);
        let other = Manifest::parse(&two("default")).unwrap();
        assert!(
            other
                .hooks()
                .unwrap_err()
                .rule
                .contains("the same for every hook")
        );
    }

    #[test]
    fn every_hook_is_one_that_the_host_knows() {
        let known: Vec<_> = postlude_plugin_host::hooks()
            .iter()
            .map(|hook| hook.name)
            .collect();
        let here: Vec<_> = Hook::ALL.iter().map(|hook| hook.name()).collect();
        assert_eq!(here, known);
    }

    #[test]
    fn names_the_key_it_refuses() {
        for (from, to, says) in [
            ("id = \"standard-returns\"", "id = \"Bad Id\"", "id"),
            ("id = \"standard-returns\"", "idd = \"x\"", "idd"),
            ("\"1.2.3\"", "\"1.2\"", "version"),
            ("\"return-policy\"", "\"no-such\"", "no-such"),
            ("\"fail-closed\"", "\"explode\"", "explode"),
            (
                "[[hooks]]",
                "world = \"postlude:x/y@2.0.0\"\n[[hooks]]",
                "world",
            ),
            ("Says which rule it took.", " ", "reason"),
            ("reason =", "why =", "why"),
        ] {
            let text = GOOD.replace(from, to);
            let refusal = Manifest::parse(&text)
                .and_then(|manifest| {
                    manifest.version()?;
                    manifest.hooks()
                })
                .unwrap_err();
            assert_eq!(refusal.flaw, Flaw::Manifest);
            assert!(refusal.to_string().contains(says), "{refusal}");
        }
    }
}
