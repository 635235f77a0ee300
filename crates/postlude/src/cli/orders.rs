//! `postlude orders`: what the platform holds, asked of the platform.

use std::collections::{BTreeMap, HashSet};

use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use postlude_proto::orders::v1::{ListOrdersRequest, order_service_client::OrderServiceClient};
use serde_json::json;

use super::{
    client::{Connection, MAX_MESSAGE, Tried as _},
    output::{Output, grouped, table},
};

/// Look at orders.
#[derive(Debug, Subcommand)]
pub(crate) enum OrdersCommand {
    /// Count orders, customers, units and money by listing every order.
    Totals(Totals),
}

/// Which platform, and whose orders.
#[derive(Debug, Args)]
pub(crate) struct Totals {
    /// Only orders of this customer.
    #[arg(long, value_name = "ID", default_value = "")]
    customer: String,
    #[command(flatten)]
    connection: Connection,
}

impl OrdersCommand {
    pub(crate) async fn run(self, output: Output) -> anyhow::Result<()> {
        match self {
            Self::Totals(command) => command.run(output).await,
        }
    }
}

impl Totals {
    async fn run(self, output: Output) -> anyhow::Result<()> {
        let gateway = self.connection.open().await?;
        let mut client = OrderServiceClient::new(gateway).max_decoding_message_size(MAX_MESSAGE);
        let mut customers = HashSet::new();
        let (mut orders, mut units) = (0_i64, 0_i64);
        let mut totals: BTreeMap<String, i128> = BTreeMap::new();
        let progress = if output.is_live() {
            ProgressBar::no_length()
        } else {
            ProgressBar::hidden()
        };
        let mut page_token = String::new();
        loop {
            let page = client
                .list_orders(ListOrdersRequest {
                    page_size: 500,
                    page_token,
                    customer_id: self.customer.clone(),
                })
                .await
                .tried("the orders can't be listed")?;
            for order in page.orders {
                orders += 1;
                for line in &order.lines {
                    units += i64::from(line.quantity);
                    *totals.entry(order.currency_code.clone()).or_default() += i128::from(
                        line.line_total
                            .as_ref()
                            .map_or(0, |money| money.amount_minor),
                    );
                }
                customers.insert(order.customer_id);
            }
            progress.set_length(u64::try_from(page.total_size).unwrap_or(0));
            progress.set_position(u64::try_from(orders).unwrap_or(0));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        progress.finish_and_clear();
        let minor: serde_json::Map<_, _> = totals
            .iter()
            .map(|(currency, total)| {
                (
                    currency.clone(),
                    json!(i64::try_from(*total).unwrap_or(i64::MAX)),
                )
            })
            .collect();
        let json = json!({
            "orders": orders,
            "customers": customers.len(),
            "units": units,
            "total_minor": minor,
        });
        output.print(&json, || {
            let mut rows = vec![
                ["orders".to_owned(), grouped(orders.into())],
                [
                    "customers".to_owned(),
                    grouped(i128::try_from(customers.len()).unwrap_or(0)),
                ],
                ["units".to_owned(), grouped(units.into())],
            ];
            for (currency, total) in &totals {
                rows.push([format!("{currency} minor units"), grouped(*total)]);
            }
            table(["held by the platform", ""], rows)
        });
        Ok(())
    }
}
