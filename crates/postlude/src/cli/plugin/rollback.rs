//! `postlude plugin rollback`: code, configuration and fault action of an earlier generation, together.

use clap::Args;
use postlude_proto::plugins::v1::RollbackPluginRequest;

use super::{client, print_installation};
use crate::cli::{
    client::{Connection, Tried as _},
    output::Output,
};

/// What comes back.
#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The plugin.
    id: String,
    /// A generation of its history (`postlude plugin show ID`); what was in service before, if absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    generation: Option<i64>,
    #[command(flatten)]
    connection: Connection,
}

impl Rollback {
    pub(crate) async fn run(self, output: Output) -> anyhow::Result<()> {
        let request = RollbackPluginRequest {
            plugin_id: self.id.clone(),
            generation: self.generation.unwrap_or_default(),
            ..RollbackPluginRequest::default()
        };
        let installation = client(&self.connection)
            .await?
            .rollback_plugin(request)
            .await
            .tried(format!("{} was not rolled back", self.id))?;
        print_installation(output, &installation);
        Ok(())
    }
}
