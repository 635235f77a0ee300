//! `postlude import orders`: a file into a running platform.
//!
//! Orders go up in batches of one stream each. A batch is sent again when the platform can't be
//! reached for a while; what was there already counts as unchanged, so the whole import can be
//! killed and run again.

mod mapping;
mod report;
mod source;

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use postlude_kernel::Currency;
use postlude_proto::orders::v1::{
    ImportOrdersRequest, ImportOrdersResponse, order_service_client::OrderServiceClient,
};

use self::{
    mapping::Defaults,
    report::Report,
    source::{Format, Source},
};
use super::{
    Usage,
    client::{Connection, Gateway, Tried as _},
    output::{self, Output},
};

/// Orders in one stream: small enough for the gateway's deadline on a slow disk.
const BATCH: usize = 1_000;
/// How often a batch is sent again while the platform can't be reached.
const ATTEMPTS: u32 = 8;

/// Bring data in.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// Orders of the past, from a CSV or JSON-lines file.
    #[command(after_long_help = EXAMPLE)]
    Orders(ImportOrders),
}

const EXAMPLE: &str = "\
A CSV file has one order of one line per row. Fields without a column take these values: \
sku \"unknown\", line_id \"1\", buyer_kind CONSUMER, channel ONLINE, fulfilment_method SHIP, \
origin BACKFILL.

Example, for a file with the columns order_id,customer_id,placed_on,quantity,amount_minor:
  postlude import orders past.csv --currency USD \\
    --map placed_time=placed_on --map line_total=amount_minor

Amounts are whole minor units (cents). Running the same import again changes nothing.";

/// Where the orders are, and how the file is to be read.
#[derive(Debug, Args)]
pub(crate) struct ImportOrders {
    /// The file.
    file: PathBuf,
    /// How it is written; by the file's name, if absent.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// For CSV: which column holds a field of the order. Can be given many times.
    #[arg(long, value_name = "FIELD=COLUMN", value_delimiter = ',', num_args = 1..)]
    map: Vec<String>,
    /// For CSV: currency of the amounts, where no column says so.
    #[arg(long, default_value = "EUR", value_name = "CODE")]
    currency: String,
    /// For CSV: country the goods went to, where no column says so.
    #[arg(long, default_value = "US", value_name = "CODE")]
    country: String,
    #[command(flatten)]
    connection: Connection,
}

impl ImportCommand {
    pub(crate) async fn run(self, output: Output) -> anyhow::Result<()> {
        match self {
            Self::Orders(command) => command.run(output).await,
        }
    }
}

impl ImportOrders {
    async fn run(self, output: Output) -> anyhow::Result<()> {
        let currency = Currency::parse(&self.currency)
            .map_err(|error| Usage(format!("--currency: {error}")))?;
        let format = self.format.unwrap_or_else(|| Format::of(&self.file));
        if format == Format::Jsonl && !self.map.is_empty() {
            return Err(Usage("--map is for CSV; JSON names its fields itself".to_owned()).into());
        }
        let defaults = Defaults {
            currency,
            country: self.country.clone(),
        };
        let mut source = Source::open(&self.file, format, &self.map, defaults)?;
        let gateway = self.connection.open().await?;
        let progress = progress(output, std::fs::metadata(&self.file)?.len());
        let mut report = Report::default();
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let row = source
                .next_row()
                .with_context(|| format!("{} can't be read on", self.file.display()))?;
            let ended = row.is_none();
            if let Some(row) = row {
                progress.set_position(row.position);
                match row.order {
                    Ok(order) => batch.push(ImportOrdersRequest {
                        order: Some(order),
                        line_number: row.line_number,
                    }),
                    Err(rule) => report.unreadable(row.line_number, rule),
                }
            }
            if batch.len() >= BATCH || (ended && !batch.is_empty()) {
                let answer = send(&gateway, &batch, &progress).await?;
                report.batch(&batch, answer);
                progress.set_message(report.progress());
                batch.clear();
            }
            if ended {
                break;
            }
        }
        progress.finish_and_clear();
        output.print(&report.json(), || report.text());
        report.failures_to_stderr();
        if report.failed() > 0 {
            anyhow::bail!(
                "{} of {} lines were not imported; mend them and run the same command again",
                output::grouped(report.failed().into()),
                output::grouped(report.read().into())
            );
        }
        Ok(())
    }
}

/// Sends a batch until it is answered.
async fn send(
    gateway: &Gateway,
    batch: &[ImportOrdersRequest],
    progress: &ProgressBar,
) -> anyhow::Result<ImportOrdersResponse> {
    let mut client = OrderServiceClient::new(gateway.clone());
    let mut attempt = 0;
    loop {
        let stream = tokio_stream::iter(batch.to_vec());
        match client.import_orders(stream).await {
            Err(status) if attempt < ATTEMPTS && is_transient(&status) => {
                attempt += 1;
                progress.set_message(format!("{}; trying again ({attempt})", status.message()));
                tokio::time::sleep(Duration::from_millis(250 << attempt.min(5))).await;
            }
            answer => return answer.tried("the import stopped"),
        }
    }
}

fn is_transient(status: &tonic::Status) -> bool {
    matches!(
        status.code(),
        tonic::Code::Unavailable
            | tonic::Code::ResourceExhausted
            | tonic::Code::Aborted
            | tonic::Code::DeadlineExceeded
            | tonic::Code::Unknown
            | tonic::Code::Cancelled
    )
}

fn progress(output: Output, bytes: u64) -> ProgressBar {
    let target = if output.is_live() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template(
        "{bar:30} {percent:>3}% {bytes}/{total_bytes} {elapsed_precise} eta {eta} {msg}",
    );
    let progress = ProgressBar::with_draw_target(Some(bytes), target);
    if let Ok(style) = style {
        progress.set_style(style);
    }
    progress
}
