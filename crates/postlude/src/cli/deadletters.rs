//! `postlude deadletters`: events that could not be handled, on the platform's own bus.

use std::sync::Arc;

use clap::{Args, Subcommand};
use postlude_bus::{Bus, DeadLetter, DeadLetterFilter};
use postlude_kernel::TenantId;
use serde_json::json;

use super::{
    ConfigArgs, Usage,
    output::{Output, table},
};
use crate::platform::{self, Surroundings};

/// Events that could not be handled.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// List them, oldest first.
    List(List),
    /// Show one.
    Show(One),
    /// Hand one to its consumer again, as if for the first time.
    Replay(One),
}

/// Which of them.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only of this tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// Only of this consumer.
    #[arg(long)]
    consumer: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 100)]
    limit: u64,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Which one.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// The dead letter.
    id: String,
    #[command(flatten)]
    config: ConfigArgs,
}

async fn bus(config: &ConfigArgs) -> anyhow::Result<Arc<dyn Bus>> {
    Ok(platform::open_bus(&config.load()?, &Surroundings::default()).await?)
}

impl DeadLettersCommand {
    pub(crate) async fn run(self, output: Output) -> anyhow::Result<()> {
        match self {
            Self::List(command) => list(command, output).await,
            Self::Show(command) => {
                let letter = bus(&command.config).await?.dead_letter(&command.id).await?;
                output.print(&letter_json(&letter), || {
                    format!(
                        "{}\n  event     {} {}\n  tenant    {}\n  subject   {} at revision {}\n  consumer  {}\n  attempts  {}\n  reason    {}\n  died      {}\nnext: postlude deadletters replay {}",
                        letter.id,
                        letter.envelope.r#type,
                        letter.envelope.id,
                        letter.envelope.tenant,
                        letter.envelope.subject,
                        letter.envelope.revision,
                        letter.consumer,
                        letter.attempts,
                        letter.reason,
                        letter.died_at,
                        letter.id
                    )
                });
                Ok(())
            }
            Self::Replay(command) => {
                bus(&command.config).await?.replay(&command.id).await?;
                output.print(&json!({ "replayed": command.id }), || {
                    format!("{} goes to its consumer again", command.id)
                });
                Ok(())
            }
        }
    }
}

async fn list(command: List, output: Output) -> anyhow::Result<()> {
    let tenant = command
        .tenant
        .map(TenantId::parse)
        .transpose()
        .map_err(|error| Usage(error.to_string()))?;
    let filter = DeadLetterFilter {
        tenant,
        consumer: command.consumer,
        after: None,
        limit: command.limit,
    };
    let letters = bus(&command.config).await?.dead_letters(filter).await?;
    let json = json!({ "dead_letters": letters.iter().map(letter_json).collect::<Vec<_>>() });
    output.print(&json, || {
        if letters.is_empty() {
            return "no dead letters".to_owned();
        }
        let rows = letters.iter().map(|letter| {
            [
                letter.id.clone(),
                letter.envelope.r#type.clone(),
                letter.envelope.tenant.to_string(),
                letter.envelope.subject.clone(),
                letter.consumer.clone(),
                letter.attempts.to_string(),
                letter.reason.clone(),
            ]
        });
        table(
            [
                "dead letter",
                "event",
                "tenant",
                "subject",
                "consumer",
                "attempts",
                "reason",
            ],
            rows,
        )
    });
    Ok(())
}

fn letter_json(letter: &DeadLetter) -> serde_json::Value {
    json!({
        "id": letter.id,
        "event_id": letter.envelope.id,
        "type": letter.envelope.r#type,
        "tenant": letter.envelope.tenant.as_str(),
        "subject": letter.envelope.subject,
        "revision": letter.envelope.revision,
        "consumer": letter.consumer,
        "attempts": letter.attempts,
        "reason": letter.reason,
        "died_at": letter.died_at.to_string(),
        "redacted": letter.redacted,
    })
}
