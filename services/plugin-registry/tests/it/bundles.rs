//! Bundles, good and broken, around the shipped plugin's component.

use std::{collections::BTreeMap, io::Read as _, path::Path, sync::LazyLock};

static SHIPPED: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| packed("standard-returns"));

/// A bundle that `cargo xtask plugins` builds, file by file.
fn packed(name: &str) -> BTreeMap<String, Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../plugins/dist")
        .join(format!("{name}.tar"));
    let bytes = std::fs::read(&path).expect("cargo xtask plugins builds the bundles");
    let mut archive = tar::Archive::new(bytes.as_slice());
    archive
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (path, content)
        })
        .collect()
}

/// A bundle of this name, whole.
pub(crate) fn built(name: &str) -> Bundle {
    Bundle(packed(name))
}

/// The shipped plugin, whole.
pub(crate) fn shipped() -> Bundle {
    Bundle(SHIPPED.clone())
}

pub(crate) const SCHEMA: &str = r#"{
    "type": "object",
    "additionalProperties": false,
    "properties": {
        "days": {"type": "integer", "minimum": 1},
        "fees": {"type": "object", "additionalProperties": {"type": "integer"}}
    }
}"#;

pub(crate) const DEFAULTS: &str = r#"{"days": 30, "fees": {"shoes": 500}}"#;

/// A bundle whose files a test may change.
#[derive(Clone)]
pub(crate) struct Bundle(BTreeMap<String, Vec<u8>>);

impl Bundle {
    /// A good one.
    pub(crate) fn new(id: &str, version: &str) -> Self {
        let manifest = format!(
            r#"
id = "{id}"
version = "{version}"
publisher = "Tests"
license = "Apache-2.0"
description = "For a test."

[[hooks]]
name = "return-policy"

[[capabilities]]
name = "config"
reason = "Reads its windows."

[[capabilities]]
name = "log"
reason = "Says which rule it took."
"#
        );
        Self(BTreeMap::new())
            .with("plugin.toml", manifest.as_bytes())
            .with("component.wasm", component())
            .with("config.schema.json", SCHEMA.as_bytes())
            .with("config.default.json", DEFAULTS.as_bytes())
    }

    /// With a file put in or replaced.
    pub(crate) fn with(mut self, path: &str, content: &[u8]) -> Self {
        self.0.insert(path.to_owned(), content.to_owned());
        self
    }

    /// A file's content.
    pub(crate) fn file(&self, path: &str) -> &[u8] {
        &self.0[path]
    }

    /// Without a file.
    pub(crate) fn without(mut self, path: &str) -> Self {
        self.0.remove(path);
        self
    }

    /// With another text in the manifest.
    pub(crate) fn manifest(self, from: &str, to: &str) -> Self {
        let text = String::from_utf8(self.0["plugin.toml"].clone()).unwrap();
        assert!(text.contains(from), "{text}");
        self.with("plugin.toml", text.replace(from, to).as_bytes())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, content) in &self.0 {
            let mut header = tar::Header::new_ustar();
            header.set_size(u64::try_from(content.len()).unwrap());
            header.set_mode(0o644);
            archive
                .append_data(&mut header, path, content.as_slice())
                .unwrap();
        }
        archive.into_inner().unwrap()
    }
}

pub(crate) fn component() -> &'static [u8] {
    &SHIPPED["component.wasm"]
}
