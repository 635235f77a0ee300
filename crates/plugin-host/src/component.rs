//! Components: what they are by their own type, and how bytes become something that can be called.

use std::{
    any::Any,
    collections::HashMap,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use postlude_kernel::{Fault, FaultKind, FieldViolation};
use wit_component::DecodedWasm;

use crate::{
    digest::digest,
    hook::{HOOKS, Hook, IMPORTS},
    host::Inner,
};

mod cache;

/// A component that can be called. Cheap to clone.
#[derive(Clone)]
pub struct Component(Arc<Loaded>);

struct Loaded {
    digest: String,
    /// The hooks it answers, each with what an instance for it is made of.
    answers: Vec<(&'static Hook, Box<dyn Any + Send + Sync>)>,
}

impl Component {
    /// Its digest.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.0.digest
    }

    /// The hooks it answers.
    #[must_use]
    pub fn hooks(&self) -> Vec<&'static Hook> {
        self.0.answers.iter().map(|(hook, _)| *hook).collect()
    }

    /// Whether it answers a hook.
    pub(crate) fn answers(&self, name: &str) -> bool {
        self.0.answers.iter().any(|(hook, _)| hook.name == name)
    }

    /// What an instance for a hook is made of: each hook has its own type for it.
    pub(crate) fn prepared<P: 'static>(&self) -> wasmtime::Result<&P> {
        self.0
            .answers
            .iter()
            .find_map(|(_, prepared)| prepared.downcast_ref::<P>())
            .ok_or_else(|| wasmtime::Error::msg("the component doesn't answer the hook"))
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Component").field(&self.0.digest).finish()
    }
}

/// What a component says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentInfo {
    /// The hooks it answers, for example `return-policy`.
    pub hooks: Vec<String>,
    /// What it imports and can call, with versions, sorted.
    pub imports: Vec<String>,
    /// What it exports, with versions, sorted.
    pub exports: Vec<String>,
}

/// Why bytes are no plugin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Too many bytes.
    #[error("the component has {size} bytes and may have {limit}")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// Something else than a component.
    #[error(
        "this is {found}, not a WebAssembly component; `wasm-tools component new` makes one of a core module"
    )]
    NotAComponent {
        /// What it looks like.
        found: &'static str,
    },
    /// Not the bytes that were announced.
    #[error("the bytes have the digest {found}, and {expected} was announced")]
    DigestMismatch {
        /// What was announced.
        expected: String,
        /// What they have.
        found: String,
    },
    /// Not valid WebAssembly, or it uses what plugins may not.
    #[error("the component isn't valid here: {0}")]
    Invalid(String),
    /// It wants something that no plugin gets.
    #[error(
        "the component imports `{import}`, and a policy gets nothing but `postlude:plugin/config@1.0.0` and `postlude:plugin/log@1.0.0`"
    )]
    ImportRefused {
        /// What it wants.
        import: String,
    },
    /// It answers no hook.
    #[error("the component exports {exports}, and no hook: one of {expected} is missing")]
    MissingExport {
        /// What hooks need.
        expected: String,
        /// What is there.
        exports: String,
    },
    /// Names fit and types don't.
    #[error("the component doesn't fit the world `{world}`: {why}")]
    WorldMismatch {
        /// The hook's world.
        world: &'static str,
        /// Where it doesn't.
        why: String,
    },
}

impl Fault for LoadError {
    fn kind(&self) -> FaultKind {
        FaultKind::InvalidArgument
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. }
            | Self::NotAComponent { .. }
            | Self::DigestMismatch { .. }
            | Self::Invalid(_) => "COMPONENT_INVALID",
            Self::ImportRefused { .. }
            | Self::MissingExport { .. }
            | Self::WorldMismatch { .. } => "COMPONENT_WORLD_MISMATCH",
        }
    }

    fn violations(&self) -> Vec<FieldViolation> {
        vec![FieldViolation::new("component.wasm", self.to_string())]
    }
}

/// Reads a component's own type. Compiles nothing and runs nothing.
///
/// # Errors
/// [`LoadError`] if the bytes are no component or it isn't well formed.
pub fn inspect(bytes: &[u8]) -> Result<ComponentInfo, LoadError> {
    match bytes {
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => {}
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => {
            return Err(LoadError::NotAComponent {
                found: "a core WebAssembly module",
            });
        }
        [0x7f, b'E', b'L', b'F', ..] => {
            return Err(LoadError::NotAComponent {
                found: "machine code",
            });
        }
        _ => {
            return Err(LoadError::NotAComponent {
                found: "no WebAssembly at all",
            });
        }
    }
    let invalid = |error: &dyn fmt::Display| LoadError::Invalid(error.to_string());
    let (resolve, world) = match wit_component::decode(bytes) {
        Ok(DecodedWasm::Component(resolve, world)) => (resolve, world),
        Ok(DecodedWasm::WitPackage(..)) => {
            return Err(LoadError::NotAComponent {
                found: "a WIT package",
            });
        }
        Err(error) => return Err(invalid(&format!("{error:#}"))),
    };
    let world = resolve
        .worlds
        .get(world)
        .ok_or_else(|| invalid(&"it has no world"))?;
    // An interface with nothing but types gives a guest nothing to call.
    let types_only: Vec<String> = resolve
        .interfaces
        .iter()
        .filter(|(_, interface)| interface.functions.is_empty())
        .filter_map(|(id, _)| resolve.id_of(id))
        .collect();
    let mut imports: Vec<String> = world
        .imports
        .keys()
        .map(|key| resolve.name_world_key(key))
        .filter(|name| !types_only.contains(name))
        .collect();
    let mut exports: Vec<String> = world
        .exports
        .keys()
        .map(|key| resolve.name_world_key(key))
        .collect();
    imports.sort();
    exports.sort();
    Ok(ComponentInfo {
        hooks: answered(&exports)
            .map(|hook| hook.name.to_owned())
            .collect(),
        imports,
        exports,
    })
}

/// The hooks that a component with these exports answers.
fn answered(exports: &[String]) -> impl Iterator<Item = &'static Hook> {
    HOOKS
        .into_iter()
        .filter(|hook| exports.iter().any(|export| export == hook.export))
}

/// The components of a host, each compiled once.
pub(crate) struct Components {
    by_digest: Mutex<HashMap<String, Component>>,
    /// One compilation at a time: a plugin's upload leaves the other cores to the rest.
    compiling: Mutex<()>,
    cache_dir: Option<PathBuf>,
    max_bytes: usize,
}

impl Components {
    pub(crate) fn new(cache_dir: Option<PathBuf>, max_bytes: usize) -> Self {
        Self {
            by_digest: Mutex::default(),
            compiling: Mutex::default(),
            cache_dir,
            max_bytes,
        }
    }

    pub(crate) fn loaded(&self, digest: &str) -> Option<Component> {
        self.by_digest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(digest)
            .cloned()
    }

    pub(crate) fn retain(&self, digests: &[&str]) {
        self.by_digest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|digest, _| digests.contains(&digest.as_str()));
    }

    pub(crate) fn load(
        &self,
        host: &Inner,
        expected: &str,
        bytes: &[u8],
    ) -> Result<Component, LoadError> {
        if let Some(component) = self.loaded(expected) {
            return Ok(component);
        }
        if bytes.len() > self.max_bytes {
            return Err(LoadError::TooLarge {
                size: bytes.len(),
                limit: self.max_bytes,
            });
        }
        let found = digest(bytes);
        if found != expected {
            return Err(LoadError::DigestMismatch {
                expected: expected.to_owned(),
                found,
            });
        }
        let info = inspect(bytes)?;
        if let Some(import) = info
            .imports
            .iter()
            .find(|import| !IMPORTS.contains(&import.as_str()))
        {
            return Err(LoadError::ImportRefused {
                import: import.clone(),
            });
        }
        if info.hooks.is_empty() {
            return Err(LoadError::MissingExport {
                expected: HOOKS.map(|hook| format!("`{}`", hook.export)).join(", "),
                exports: if info.exports.is_empty() {
                    "nothing".to_owned()
                } else {
                    info.exports.join(", ")
                },
            });
        }
        let turn = self
            .compiling
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(component) = self.loaded(expected) {
            return Ok(component);
        }
        let compiled = cache::compile(
            &host.engine,
            &host.engine_hash,
            self.cache_dir.as_deref(),
            expected,
            bytes,
        )
        .map_err(|error| LoadError::Invalid(format!("{error:#}")))?;
        let answers = answered(&info.exports)
            .map(|hook| {
                let prepared = host
                    .linker
                    .instantiate_pre(&compiled)
                    .and_then(hook.prepare)
                    .map_err(|error| LoadError::WorldMismatch {
                        world: hook.world,
                        why: format!("{error:#}"),
                    })?;
                Ok((hook, prepared))
            })
            .collect::<Result<_, LoadError>>()?;
        let component = Component(Arc::new(Loaded {
            digest: expected.to_owned(),
            answers,
        }));
        self.by_digest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(expected.to_owned(), component.clone());
        drop(turn);
        Ok(component)
    }
}
