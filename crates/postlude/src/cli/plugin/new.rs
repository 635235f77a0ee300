//! `postlude plugin new`: a project that builds, passes its fixtures and can be installed as it is.
//!
//! The project brings the SDK and the contract along, as this version of the platform speaks it: an
//! author needs this command line, Rust, and nothing of ours besides.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::{Usage, output::Output};

/// What to begin.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// The plugin's id and the folder to make: a-z, 0-9 and -.
    name: String,
    /// The hook that it answers.
    #[arg(long, value_enum, default_value_t = Hook::ReturnPolicy)]
    hook: Hook,
}

/// Hooks with a template.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Hook {
    /// What may come back, until when and at what price.
    ReturnPolicy,
}

macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!($folder, "/", $path)))),+]
    };
}

macro_rules! template {
    ($folder:literal: $($path:literal as $name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("template/", $folder, "/", $path, ".txt")))),+]
    };
}

type Files = &'static [(&'static str, &'static str)];

const RETURN_POLICY: Files = template!("return-policy":
    "Cargo.toml" as "Cargo.toml",
    "plugin.toml" as "plugin.toml",
    "config.schema.json" as "config.schema.json",
    "config.default.json" as "config.default.json",
    "gitignore" as ".gitignore",
    "src/lib.rs" as "src/lib.rs",
    "fixtures/terms.json" as "fixtures/terms.json",
    "fixtures/within-window.json" as "fixtures/within-window.json",
    "fixtures/too-late.json" as "fixtures/too-late.json",
);

/// The SDK and the contract, into the project's folder `postlude`.
const SDK: Files = files!("../../../../../plugins":
    "sdk/Cargo.toml",
    "sdk/src/config.rs",
    "sdk/src/json.rs",
    "sdk/src/lib.rs",
    "sdk/src/log.rs",
    "sdk/src/return_policy.rs",
    "wit/postlude-plugin/types.wit",
    "wit/postlude-return-policy/return-policy.wit",
);

/// Where the SDK's own dependencies are named.
const WORKSPACE: &str = include_str!("../../../../../plugins/Cargo.toml");

impl New {
    pub(crate) fn run(&self, output: Output) -> anyhow::Result<()> {
        let home = PathBuf::from(&self.name);
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let starts = self
            .name
            .starts_with(|first: char| first.is_ascii_lowercase());
        if self.name.len() > 64 || !starts || !self.name.bytes().all(plain) {
            return Err(Usage(format!(
                "`{}` can't be a plugin's id: 1 to 64 characters out of a-z, 0-9 and -, a letter first",
                self.name
            ))
            .into());
        }
        if home.exists() {
            return Err(Usage(format!("{} is there already", home.display())).into());
        }
        let template = match self.hook {
            Hook::ReturnPolicy => RETURN_POLICY,
        };
        let bindgen = bindgen_version()?;
        for (path, text) in template {
            let text = text
                .replace("{name}", &self.name)
                .replace("{wit_bindgen}", &bindgen);
            write(&home.join(path), &text)?;
        }
        for (path, text) in SDK {
            write(&home.join("postlude").join(path), text)?;
        }
        let json = json!({ "plugin_id": self.name, "folder": home.display().to_string() });
        output.print(&json, || {
            format!(
                "{name} begun in {name}/\n  src/lib.rs    the rule\n  fixtures/     examples that must come out as they say\n  \
                 config.*.json what a shop can set, and the defaults\n  plugin.toml   what it is and what it asks for\nnext: \
                 postlude plugin build {name}",
                name = self.name
            )
        });
        Ok(())
    }
}

/// The version of the library that reads the contract, as the SDK is built with here.
fn bindgen_version() -> anyhow::Result<String> {
    let workspace: toml::Table = toml::from_str(WORKSPACE)?;
    workspace
        .get("workspace")
        .and_then(|table| {
            table
                .get("dependencies")?
                .get("wit-bindgen")?
                .get("version")
        })
        .and_then(toml::Value::as_str)
        .map(str::to_owned)
        .context("the SDK's workspace names wit-bindgen")
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let written = || format!("{} can't be written", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(written)?;
    }
    fs::write(path, text).with_context(written)
}
