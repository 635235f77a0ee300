//! `postlude plugin build`, `check`, `test`, `run`: the author's tools. None of them needs a platform.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use clap::Args;
use postlude_kernel::{SystemClock, SystemIds, TenantId};
use postlude_plugin_build::{componentise, pack, toolchain};
use postlude_plugin_host::{Component, FixtureError, Host, HostConfig};
use postlude_plugin_registry::author::Draft;
use serde_json::{Value, json};

use super::bundle;
use crate::cli::{
    Usage,
    output::{Output, grouped, short, table},
};

/// Which project.
#[derive(Debug, Args)]
pub(crate) struct Build {
    /// The folder that holds Cargo.toml and plugin.toml.
    #[arg(default_value = ".")]
    folder: PathBuf,
}

/// Which bundle.
#[derive(Debug, Args)]
pub(crate) struct Bundle {
    /// A bundle, or the folder of a project that was built.
    #[arg(default_value = ".", value_name = "FILE|FOLDER")]
    what: PathBuf,
}

/// Which bundle, and on what.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// A JSON file: `function`, `input`, optionally `config`; a fixture is one.
    input: PathBuf,
    /// A bundle, or the folder of a project that was built.
    #[arg(default_value = ".", value_name = "FILE|FOLDER")]
    what: PathBuf,
}

impl Build {
    /// Compiles, makes a component of it, packs the bundle and checks it as a platform would.
    pub(crate) fn run(&self, output: Output) -> anyhow::Result<()> {
        let home = fs::canonicalize(&self.folder)
            .with_context(|| format!("{} can't be read", self.folder.display()))?;
        for name in ["Cargo.toml", pack::MANIFEST] {
            if !home.join(name).is_file() {
                return Err(Usage(format!(
                    "{} has no {name}; `postlude plugin new NAME` begins a project",
                    self.folder.display()
                ))
                .into());
            }
        }
        let name = crate_name(&home)?;
        let way = toolchain::find(&home).with_context(toolchain::advice)?;
        let target = home.join("target");
        let mut command = way.command(&home, &target);
        // What the compiler says is the author's to read.
        let status = command
            .stdin(std::process::Stdio::null())
            .stdout(std::io::stderr())
            .status()
            .context("cargo can't be run; is Rust installed?")?;
        if !status.success() {
            anyhow::bail!("it doesn't compile; the compiler has said why");
        }
        let module = way.modules(&target).join(toolchain::module(&name));
        let module = fs::read(&module).with_context(|| {
            format!(
                "{} wasn't built: does Cargo.toml say crate-type = [\"cdylib\"]?",
                module.display()
            )
        })?;
        let component = componentise(&module)?;
        let bytes = pack::bundle(pack::files(&home)?, &component)?;
        let draft = open(&bytes)?;
        let path = bundle::built(&home, draft.plugin_id());
        fs::create_dir_all(home.join(bundle::DIST))?;
        fs::write(&path, &bytes).with_context(|| format!("{} can't be written", path.display()))?;
        let shown = self.folder.join(path.strip_prefix(&home).unwrap_or(&path));
        let json = json!({
            "bundle": shown.display().to_string(),
            "plugin_id": draft.plugin_id(),
            "version": draft.version(),
            "component_digest": draft.component_digest(),
            "component_size": draft.component_size(),
        });
        output.print(&json, || {
            format!(
                "{} {} ({way})\ncomponent of {} bytes, {}\n{}\nnext: postlude plugin test {}",
                draft.plugin_id(),
                draft.version(),
                grouped(i128::try_from(draft.component_size()).unwrap_or_default()),
                short(draft.component_digest()),
                shown.display(),
                self.folder.display()
            )
        });
        Ok(())
    }
}

impl Bundle {
    /// Every check of an upload but the examples.
    pub(crate) fn check(&self, output: Output) -> anyhow::Result<()> {
        let draft = open(&bundle::read(&self.what)?)?;
        draft.load(&host()?).map_err(refused)?;
        let json = json!({
            "plugin_id": draft.plugin_id(),
            "version": draft.version(),
            "hooks": draft.hooks(),
            "component_digest": draft.component_digest(),
            "component_size": draft.component_size(),
            "fixtures": draft.fixtures(),
        });
        output.print(&json, || {
            format!(
                "{} {} would be taken: hooks {}, component of {} bytes, {} fixtures\nnext: postlude plugin test {}",
                draft.plugin_id(),
                draft.version(),
                draft.hooks().join(", "),
                draft.component_size(),
                draft.fixtures(),
                self.what.display()
            )
        });
        Ok(())
    }

    /// The bundle's own examples, one by one.
    pub(crate) async fn test(&self, output: Output) -> anyhow::Result<()> {
        let draft = open(&bundle::read(&self.what)?)?;
        let (host, component) = ready(&draft)?;
        let tried = draft.try_fixtures(&host, &tenant()?, &component).await;
        let failed = tried.iter().filter(|(_, came)| came.is_err()).count();
        let json = json!({
            "fixtures": tried.iter().map(|(path, came)| json!({
                "path": path,
                "passed": came.is_ok(),
                "error": came.as_ref().err().map(ToString::to_string),
            })).collect::<Vec<_>>(),
        });
        output.print(&json, || {
            if tried.is_empty() {
                return "no fixtures: plugin.toml lists no folder under `tests`".to_owned();
            }
            let rows = tried.iter().map(|(path, came)| {
                let word = if came.is_ok() { "passed" } else { "FAILED" };
                [path.clone(), word.to_owned()]
            });
            let mut text = table(["fixture", ""], rows);
            for (path, came) in &tried {
                if let Err(error) = came {
                    text.push_str(&format!("\n\n{path}\n{}", explained(error)));
                }
            }
            if failed == 0 {
                text.push_str(&format!(
                    "\nnext: postlude plugin install {}",
                    self.what.display()
                ));
            }
            text
        });
        anyhow::ensure!(failed == 0, "{failed} of {} fixtures failed", tried.len());
        Ok(())
    }
}

impl Run {
    /// One call, and all that came of it.
    pub(crate) async fn run(&self, output: Output) -> anyhow::Result<()> {
        let input = fs::read_to_string(&self.input)
            .with_context(|| format!("{} can't be read", self.input.display()))?;
        let draft = open(&bundle::read(&self.what)?)?;
        let (host, component) = ready(&draft)?;
        let tried = host
            .try_fixture(&tenant()?, &component, draft.default_config(), &input)
            .await
            .map_err(|error| anyhow::anyhow!("{}: {error}", self.input.display()))?;
        let json = json!({
            "output": tried.output,
            "logs": tried.logs,
            "fuel": tried.fuel,
            "duration_micros": tried.micros,
            "memory_bytes": tried.memory_bytes,
        });
        output.print(&json, || {
            let mut text = format!("{:#}", tried.output);
            for line in &tried.logs {
                text.push_str(&format!("\nlog: {}", line.escape_debug()));
            }
            for reason in reasons(&tried.output) {
                text.push_str(&format!("\nbecause {reason}"));
            }
            text.push_str(&format!(
                "\nfuel {} of {}, {} µs, {} KiB of memory",
                grouped(tried.fuel.into()),
                grouped(host.limits().fuel.into()),
                grouped(tried.micros.into()),
                tried.memory_bytes / 1024
            ));
            text
        });
        Ok(())
    }
}

fn open(bytes: &[u8]) -> anyhow::Result<Draft> {
    Draft::open(bytes).map_err(refused)
}

fn refused(error: postlude_plugin_registry::BundleError) -> anyhow::Error {
    anyhow::anyhow!("{}: {}", error.place(), error.rule())
}

fn host() -> anyhow::Result<Host> {
    let config = HostConfig {
        threads: 1,
        ..HostConfig::new(Arc::new(SystemClock), Arc::new(SystemIds))
    };
    Host::new(config).context("plugins can't be run on this machine")
}

fn ready(draft: &Draft) -> anyhow::Result<(Host, Component)> {
    let host = host()?;
    let component = draft.load(&host).map_err(refused)?;
    Ok((host, component))
}

fn tenant() -> anyhow::Result<TenantId> {
    TenantId::parse("author").context("a tenant's name")
}

/// What a fixture came to, so that both sides can be compared.
fn explained(error: &FixtureError) -> String {
    match error {
        FixtureError::Differs {
            path,
            found,
            expected,
        } => format!("  at        {path}\n  came out  {found}\n  expected  {expected}"),
        FixtureError::Malformed(_) | FixtureError::Fault(_) | FixtureError::Overloaded => {
            format!("  {error}")
        }
    }
}

/// Every reason in an answer, wherever it stands, each once.
fn reasons(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    if let (Some(code), Some(text)) = (
        value.get("code").and_then(Value::as_str),
        value.get("text").and_then(Value::as_str),
    ) {
        let reason = format!("{text} ({code})");
        if !found.contains(&reason) {
            found.push(reason);
        }
    }
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Object(members) => members.values().for_each(|value| collect(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The name of the crate: its module is called after it.
fn crate_name(home: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(home.join("Cargo.toml"))?;
    let manifest: toml::Table = toml::from_str(&text).context("Cargo.toml")?;
    manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str)
        .map(str::to_owned)
        .context("Cargo.toml names no package")
}
