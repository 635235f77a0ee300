//! `postlude plugin`: write, install, look at, explain.

mod author;
mod bundle;
mod json;
mod new;
mod rollback;
mod runs;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use indicatif::ProgressBar;
use postlude_proto::plugins::v1::{
    ConfigurePluginRequest, DisablePluginRequest, FaultAction, GetPluginRequest,
    InstallPluginRequest, Installation, ListPluginsRequest, Plugin, PluginVersion, installation,
    plugin_service_client::PluginServiceClient,
};
use serde_json::json;

use self::json::{installation_json, plugin_json, pretty, version_json};
use super::{
    Usage,
    client::{Connection, Gateway, MAX_MESSAGE, Tried as _},
    output::{Output, short, table},
};

/// Plugins: a retailer's own rules.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Begin a plugin: a project that builds and passes its fixtures.
    New(new::New),
    /// Compile a project and pack its bundle.
    Build(author::Build),
    /// Check a bundle as a platform would, on this machine.
    Check(author::Bundle),
    /// Run a bundle's own examples, on this machine.
    Test(author::Bundle),
    /// Run a bundle on one input, on this machine, and show all that came of it.
    Run(author::Run),
    /// Upload a bundle and put it into service; or put an uploaded plugin into service by its id.
    Install(Install),
    /// Upload a bundle without putting it into service.
    Upload(Upload),
    /// Give an installed plugin another configuration.
    Configure(Configure),
    /// Bring code and configuration of an earlier generation back.
    Rollback(rollback::Rollback),
    /// Take a plugin out of service.
    Disable(One),
    /// List plugins and which of them answer.
    List(List),
    /// Show one plugin: versions, configuration, schema.
    Show(One),
    /// Show what plugins have logged, and why calls failed.
    Logs(runs::Logs),
    /// List recorded decisions, newest first; or show one.
    Runs(runs::Runs),
    /// Run a recorded decision again and compare the bytes.
    Replay(runs::Replay),
}

/// What a binding does when its plugin fails.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnFault {
    /// Use the built-in answer.
    Default,
    /// Refuse.
    FailClosed,
    /// Let a person decide.
    ManualReview,
    /// Ask what answered before, code and configuration.
    PreviousGeneration,
}

impl From<OnFault> for FaultAction {
    fn from(action: OnFault) -> Self {
        match action {
            OnFault::Default => Self::Default,
            OnFault::FailClosed => Self::FailClosed,
            OnFault::ManualReview => Self::ManualReview,
            OnFault::PreviousGeneration => Self::PreviousGeneration,
        }
    }
}

/// What to put into service.
#[derive(Debug, Args)]
pub(crate) struct Install {
    /// A bundle (.tar, or the folder that holds its plugin.toml), or the id of an uploaded plugin.
    #[arg(value_name = "FILE|ID")]
    what: String,
    /// JSON file with the configuration; keys that are missing take their defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// By id: which version. The newest, if absent.
    #[arg(long)]
    version: Option<String>,
    /// What happens when the plugin fails; what its author says, if absent.
    #[arg(long, value_enum)]
    on_fault: Option<OnFault>,
    /// Put an older version into service than the one that is.
    #[arg(long)]
    allow_downgrade: bool,
    #[command(flatten)]
    connection: Connection,
}

/// What to upload.
#[derive(Debug, Args)]
pub(crate) struct Upload {
    /// A bundle: .tar, or the folder that holds its plugin.toml.
    file: PathBuf,
    #[command(flatten)]
    connection: Connection,
}

/// Which plugin, and its configuration.
#[derive(Debug, Args)]
pub(crate) struct Configure {
    /// The plugin.
    id: String,
    /// JSON file with the configuration; keys that are missing take their defaults.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// What happens when the plugin fails.
    #[arg(long, value_enum)]
    on_fault: Option<OnFault>,
    #[command(flatten)]
    connection: Connection,
}

/// Which plugin.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// The plugin.
    id: String,
    #[command(flatten)]
    connection: Connection,
}

/// Which platform.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    connection: Connection,
}

type Client = PluginServiceClient<Gateway>;

async fn client(connection: &Connection) -> anyhow::Result<Client> {
    Ok(PluginServiceClient::new(connection.open().await?).max_decoding_message_size(MAX_MESSAGE))
}

impl PluginCommand {
    pub(crate) async fn run(self, output: Output) -> anyhow::Result<()> {
        match self {
            Self::New(command) => command.run(output),
            Self::Build(command) => command.run(output),
            Self::Check(command) => command.check(output),
            Self::Test(command) => command.test(output).await,
            Self::Run(command) => command.run(output).await,
            Self::Rollback(command) => command.run(output).await,
            Self::Logs(command) => runs::logs(&command, output).await,
            Self::Install(command) => command.run(output).await,
            Self::Upload(command) => {
                let mut client = client(&command.connection).await?;
                let version = upload(&mut client, &command.file, output).await?;
                output.print(&version_json(&version), || {
                    format!(
                        "uploaded {} {} ({})\nnext: postlude plugin install {}",
                        version.plugin_id,
                        version.version,
                        short(&version.component_digest),
                        version.plugin_id
                    )
                });
                Ok(())
            }
            Self::Configure(command) => command.run(output).await,
            Self::Disable(command) => {
                let request = DisablePluginRequest {
                    plugin_id: command.id.clone(),
                    ..DisablePluginRequest::default()
                };
                let installation = client(&command.connection)
                    .await?
                    .disable_plugin(request)
                    .await
                    .tried(format!("{} was not disabled", command.id))?;
                print_installation(output, &installation);
                Ok(())
            }
            Self::List(command) => list(&command, output).await,
            Self::Show(command) => show(&command, output).await,
            Self::Runs(command) => runs::list_or_show(&command, output).await,
            Self::Replay(command) => runs::replay(&command, output).await,
        }
    }
}

impl Install {
    async fn run(self, output: Output) -> anyhow::Result<()> {
        let config = self.config.as_deref().map(read_config).transpose()?;
        let mut client = client(&self.connection).await?;
        let path = Path::new(&self.what);
        let (plugin_id, version) = if path.exists() {
            if self.version.is_some() {
                return Err(Usage("--version is for a plugin by id".to_owned()).into());
            }
            let version = upload(&mut client, path, output).await?;
            (version.plugin_id, version.version)
        } else if self.what.contains(['/', '.']) {
            return Err(Usage(format!("there is no file {}", self.what)).into());
        } else {
            let version = match self.version {
                Some(version) => version,
                None => newest(&mut client, &self.what).await?,
            };
            (self.what, version)
        };
        let installation = client
            .install_plugin(InstallPluginRequest {
                plugin_id: plugin_id.clone(),
                version: version.clone(),
                config: config.unwrap_or_default(),
                fault_action: self
                    .on_fault
                    .map_or(FaultAction::Unspecified, Into::into)
                    .into(),
                allow_downgrade: self.allow_downgrade,
                request_id: String::new(),
            })
            .await
            .tried(format!("{plugin_id} {version} was not installed"))?;
        print_installation(output, &installation);
        Ok(())
    }
}

impl Configure {
    async fn run(self, output: Output) -> anyhow::Result<()> {
        let request = ConfigurePluginRequest {
            plugin_id: self.id.clone(),
            config: read_config(&self.config)?,
            fault_action: self
                .on_fault
                .map_or(FaultAction::Unspecified, Into::into)
                .into(),
            ..ConfigurePluginRequest::default()
        };
        let installation = client(&self.connection)
            .await?
            .configure_plugin(request)
            .await
            .tried(format!("{} was not configured", self.id))?;
        print_installation(output, &installation);
        Ok(())
    }
}

/// Sends a bundle up.
async fn upload(client: &mut Client, path: &Path, output: Output) -> anyhow::Result<PluginVersion> {
    let bytes = bundle::read(path)?;
    let spinner = if output.is_live() {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::hidden()
    };
    spinner.set_message(format!("uploading {}", path.display()));
    spinner.enable_steady_tick(Duration::from_millis(100));
    let answer = client
        .upload_plugin(tokio_stream::iter(bundle::chunks(&bytes)))
        .await
        .tried(format!("{} was not taken", path.display()));
    spinner.finish_and_clear();
    answer
}

fn read_config(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))
}

async fn newest(client: &mut Client, plugin_id: &str) -> anyhow::Result<String> {
    get(client, plugin_id)
        .await?
        .versions
        .into_iter()
        .next()
        .map(|version| version.version)
        .with_context(|| format!("{plugin_id} has no version"))
}

async fn get(client: &mut Client, plugin_id: &str) -> anyhow::Result<Plugin> {
    client
        .get_plugin(GetPluginRequest {
            plugin_id: plugin_id.to_owned(),
        })
        .await
        .tried(format!("{plugin_id} can't be shown"))
}

async fn list(command: &List, output: Output) -> anyhow::Result<()> {
    let mut client = client(&command.connection).await?;
    let mut plugins = Vec::new();
    let mut page_token = String::new();
    loop {
        let page = client
            .list_plugins(ListPluginsRequest {
                page_size: 100,
                page_token,
            })
            .await
            .tried("the plugins can't be listed")?;
        plugins.extend(page.plugins);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let json = json!({ "plugins": plugins.iter().map(plugin_json).collect::<Vec<_>>() });
    output.print(&json, || {
        if plugins.is_empty() {
            return "no plugins\nnext: postlude plugin install FILE".to_owned();
        }
        let rows = plugins.iter().map(|plugin| {
            let versions = plugin
                .versions
                .iter()
                .map(|version| version.version.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            let installed = plugin.installation.as_ref();
            [
                plugin.plugin_id.clone(),
                versions,
                installed.map_or_else(|| "not installed".to_owned(), |one| state(one).to_owned()),
                installed.map_or_else(String::new, |one| one.version.clone()),
                installed.map_or_else(String::new, |one| one.hooks.join(", ")),
                installed.map_or_else(String::new, |one| short(&one.component_digest)),
                installed.map_or_else(String::new, |one| one.generation.to_string()),
            ]
        });
        table(
            [
                "plugin",
                "versions",
                "state",
                "in service",
                "hooks",
                "component",
                "generation",
            ],
            rows,
        )
    });
    Ok(())
}

async fn show(command: &One, output: Output) -> anyhow::Result<()> {
    let plugin = get(&mut client(&command.connection).await?, &command.id).await?;
    output.print(&plugin_json(&plugin), || {
        let mut text = Vec::new();
        if let Some(one) = &plugin.installation {
            text.push(format!(
                "{} {} is {}, generation {}, on fault: {}",
                one.plugin_id,
                one.version,
                state(one),
                one.generation,
                one.fault_action().as_str_name()
            ));
            text.push(format!("configuration ({}):", short(&one.config_digest)));
            text.push(pretty(&one.config));
        }
        for one in &plugin.history {
            text.push(format!(
                "generation {}: {} with {}",
                one.generation,
                one.version,
                short(&one.config_digest)
            ));
        }
        for version in &plugin.versions {
            text.push(format!(
                "version {} by {} ({}): {}",
                version.version, version.publisher, version.license, version.description
            ));
            text.push(format!(
                "  hooks {}, component {} ({} bytes)",
                version.hooks.join(", "),
                version.component_digest,
                version.component_size
            ));
        }
        text.join("\n")
    });
    Ok(())
}

fn print_installation(output: Output, one: &Installation) {
    output.print(&installation_json(one), || {
        format!(
            "{} {} is {}: hooks {}, component {}, generation {}\nnext: postlude plugin runs",
            one.plugin_id,
            one.version,
            state(one),
            one.hooks.join(", "),
            short(&one.component_digest),
            one.generation
        )
    });
}

fn state(one: &Installation) -> &'static str {
    match one.state() {
        installation::State::Active => "active",
        installation::State::Disabled => "disabled",
        installation::State::Superseded => "superseded",
        installation::State::Unspecified => "unknown",
    }
}
