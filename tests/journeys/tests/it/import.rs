//! The past brought in from a file, killed in the middle and run again.

use std::fmt::Write as _;

use anyhow::{Context as _, ensure};
use postlude_journeys::{Served, shop::Shop, wait};
use postlude_proto::orders::v1::ListOrdersRequest;
use postlude_testkit::{Database, Start, on_both_databases};
use tonic::Status;

/// The command line, built with this test.
const BINARY: &str = env!("CARGO_BIN_EXE_postlude-under-test");

/// Purchases in the sample; more than one batch of the command line's.
const ROWS: u32 = 2_500;

/// Customers in the sample.
const CUSTOMERS: u32 = 613;

/// Which database the platform's process uses.
struct On(Database);

impl Start for On {
    async fn start(database: Database) -> Self {
        Self(database)
    }
}

on_both_databases! {
    async fn an_import_that_was_killed_and_run_again_is_whole(on: On) -> anyhow::Result<()> {
        let served = Served::start(BINARY, on.0).await?;
        let key = served.tenant("shop").await?;
        let shop = Shop::new(&served.channel, &key)?;
        let (sample, minor) = sample();
        let file = served.fresh().folder().join("past.csv");
        std::fs::write(&file, sample)?;
        let file = file.to_str().context("a path in UTF-8")?;
        let import = [
            "import", "orders", file, "--currency", "USD", "--map", "placed_time=placed_on",
            "--map", "line_total=amount_minor",
        ];

        let mut first = served.command(&import, Some(&key)).spawn()?;
        wait::until("some of it is in", async || {
            let orders = count(&shop).await?;
            Ok::<_, Status>((orders > 0).then_some(()))
        })
        .await?;
        first.kill().await?;
        let between = count(&shop).await?;
        served.run(&import, Some(&key)).await?;
        let again = served.run(&import, Some(&key)).await?;

        let printed =
            served.run(&["--output", "json", "orders", "totals"], Some(&key)).await?;
        let totals: serde_json::Value = serde_json::from_str(&printed)?;
        for (name, expected) in [("orders", i64::from(ROWS)), ("customers", i64::from(CUSTOMERS))] {
            ensure!(totals[name] == expected, "{name}: {totals}, killed at {between}");
        }
        let found = totals.to_string().contains(&format!(":{minor}"));
        ensure!(found, "the sum is {minor}: {totals}, killed at {between}; {again}");
        Ok(())
    }
}

async fn count(shop: &Shop) -> Result<i64, Status> {
    let request = ListOrdersRequest {
        page_size: 1,
        ..ListOrdersRequest::default()
    };
    Ok(shop
        .orders
        .clone()
        .list_orders(request)
        .await?
        .into_inner()
        .total_size)
}

/// Purchases in the form of a shop's export, and their sum.
fn sample() -> (String, i64) {
    let mut text = String::from("order_id,customer_id,placed_on,quantity,amount_minor\n");
    let mut sum = 0;
    for row in 0..ROWS {
        let customer = row % CUSTOMERS;
        // Some of nothing: a purchase of amount 0 is one.
        let amount = i64::from((row * 7_919) % 10_007) * i64::from(row % 31 != 0);
        let (month, day) = (row % 12 + 1, row % 28 + 1);
        let quantity = row % 5 + 1;
        let _ = writeln!(
            text,
            "CD-{row:05},C{customer:05},1997-{month:02}-{day:02},{quantity},{amount}"
        );
        sum += amount;
    }
    (text, sum)
}
