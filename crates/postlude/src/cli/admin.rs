//! `postlude tenant` and `postlude key`: on the gateway's own database, beside a running platform.

use std::time::Duration;

use clap::{Args, Subcommand};
use postlude_gateway::keys::{self, KeyRequest, PLATFORM_ADMIN};
use postlude_kernel::{Clock as _, Fault as _, SystemClock, TenantId};
use postlude_proto::gateway::v1::ApiKey;
use postlude_store::Store;
use serde_json::json;

use super::{
    ConfigArgs, Usage,
    output::{self, Output},
};
use crate::platform::{self, Part, Surroundings};

/// Manage tenants.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Create a tenant: a retailer.
    Create(TenantCreate),
}

/// Manage API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Create an API key. It is printed once and can't be shown again.
    Create(KeyCreate),
    /// Revoke an API key; it stops working within a second.
    Revoke(KeyRevoke),
}

/// Which tenant.
#[derive(Debug, Args)]
pub(crate) struct TenantCreate {
    /// Its id: 1 to 40 characters out of a-z, 0-9 and -.
    id: String,
    /// The retailer's name.
    #[arg(long, default_value = "")]
    name: String,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Whose key, and what for.
#[derive(Debug, Args)]
pub(crate) struct KeyCreate {
    /// The tenant.
    #[arg(long)]
    tenant: String,
    /// What the key may do: orders.read, returns.write, …; can be given many times.
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', num_args = 1..,
          required_unless_present = "all_scopes")]
    scopes: Vec<String>,
    /// Everything that concerns the tenant: every scope but platform.admin.
    #[arg(long)]
    all_scopes: bool,
    /// What it is for.
    #[arg(long, default_value = "")]
    name: String,
    /// Days until it stops working; it doesn't, if absent.
    #[arg(long, value_name = "DAYS")]
    expires_in: Option<u32>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Which key.
#[derive(Debug, Args)]
pub(crate) struct KeyRevoke {
    /// The key's id, `key_…`; not the key itself.
    id: String,
    #[command(flatten)]
    config: ConfigArgs,
}

async fn gateway_store(config: &ConfigArgs) -> anyhow::Result<Store> {
    let config = config.load()?;
    Ok(platform::open_store(&config, &Surroundings::default(), Part::Gateway).await?)
}

/// Says the reason beside the sentence, as an answer of the gateway would.
fn refused(error: postlude_gateway::Error) -> anyhow::Error {
    let reason = error.reason();
    anyhow::Error::new(error).context(reason)
}

impl TenantCommand {
    pub(crate) async fn run(self, output: Output) -> anyhow::Result<()> {
        let Self::Create(command) = self;
        let store = gateway_store(&command.config).await?;
        let tenant = keys::create_tenant(&store, &command.id, &command.name)
            .await
            .map_err(refused)?;
        store.close().await;
        let json = json!({ "tenant_id": tenant.tenant_id, "display_name": tenant.display_name });
        output.print(&json, || {
            format!(
                "tenant {} created\nnext: postlude key create --tenant {} --all-scopes",
                tenant.tenant_id, tenant.tenant_id
            )
        });
        Ok(())
    }
}

impl KeyCommand {
    pub(crate) async fn run(self, output: Output) -> anyhow::Result<()> {
        match self {
            Self::Create(command) => command.run(output).await,
            Self::Revoke(command) => {
                let store = gateway_store(&command.config).await?;
                let key = keys::revoke_key(&store, &command.id, None)
                    .await
                    .map_err(refused)?;
                store.close().await;
                output.print(&key_json(&key), || format!("{} is revoked", key.key_id));
                Ok(())
            }
        }
    }
}

impl KeyCreate {
    async fn run(self, output: Output) -> anyhow::Result<()> {
        let tenant = TenantId::parse(self.tenant.as_str())
            .map_err(|error| Usage(format!("--tenant: {error}")))?;
        let mut scopes = self.scopes;
        if self.all_scopes {
            let all = postlude_proto::scopes().into_iter();
            scopes.extend(
                all.filter(|scope| *scope != PLATFORM_ADMIN)
                    .map(str::to_owned),
            );
        }
        let expire_time = self.expires_in.map(|days| {
            let span = Duration::from_secs(u64::from(days) * 86_400);
            SystemClock.now().plus(span)
        });
        let store = gateway_store(&self.config).await?;
        let created = keys::create_key(
            &store,
            KeyRequest {
                tenant,
                scopes,
                display_name: self.name,
                expire_time,
            },
        )
        .await
        .map_err(refused)?;
        store.close().await;
        let mut json = key_json(&created.api_key);
        if let Some(object) = json.as_object_mut() {
            object.insert("secret".to_owned(), json!(created.secret));
        }
        output.print(&json, || created.secret.clone());
        if output == Output::Text {
            output::note(&format!(
                "{} for tenant {}; the line above is the key, and it is shown this once\nnext: export POSTLUDE_API_KEY=…",
                created.api_key.key_id, created.api_key.tenant_id
            ));
        }
        Ok(())
    }
}

fn key_json(key: &ApiKey) -> serde_json::Value {
    json!({
        "key_id": key.key_id,
        "tenant_id": key.tenant_id,
        "display_name": key.display_name,
        "scopes": key.scopes,
        "revoked": key.revoke_time.is_some(),
    })
}
