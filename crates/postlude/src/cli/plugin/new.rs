//! `postlude plugin new`: a project that builds, passes its fixtures and can be installed as it is.
//!
//! The project brings the SDK and the contracts along, as this version of the platform speaks them: an
//! author needs this command line, Rust, and nothing of ours besides. A hook's template is its folder
//! in `template/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, builder::PossibleValuesParser};
use postlude_plugin_host::return_policy;
use serde_json::json;

use crate::cli::{Usage, output::Output};

/// What to begin.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// The plugin's id and the folder to make: a-z, 0-9 and -.
    name: String,
    /// The hook that it answers.
    #[arg(long, default_value = return_policy::HOOK, value_parser = PossibleValuesParser::new(hooks()))]
    hook: String,
}

/// Paths in a project and what is written there.
type Files = &'static [(&'static str, &'static str)];

// `TEMPLATES` by hook, and `SDK` for the project's folder `postlude`.
include!(concat!(env!("OUT_DIR"), "/projects.rs"));

fn hooks() -> impl Iterator<Item = &'static str> {
    TEMPLATES.iter().map(|(hook, _)| *hook)
}

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
        let (_, template) = TEMPLATES
            .iter()
            .find(|(hook, _)| *hook == self.hook)
            .with_context(|| format!("there is no template for {}", self.hook))?;
        let bindgen = bindgen_version()?;
        for (path, text) in *template {
            let text = text
                .replace("{name}", &self.name)
                .replace("{wit_bindgen}", &bindgen);
            write(&home.join(path), &text)?;
        }
        for (path, text) in SDK {
            write(&home.join("postlude").join(path), text)?;
        }
        let json = json!({ "plugin_id": self.name, "hook": self.hook, "folder": home.display().to_string() });
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
