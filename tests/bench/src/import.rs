//! Orders streamed in beside a bare batched insert of the same rows.
#![allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people"
)]

use postlude_journeys::{Setup, World};
use postlude_proto::{
    orders::v1::{
        ImportOrdersRequest, Order, OrderLine,
        order::{BuyerKind, Channel, FulfilmentMethod, Origin},
    },
    r#type::v1::Money,
};
use postlude_testkit::Database;
use tokio::time::Instant;

use crate::{
    figure::{Figure, Goal, median},
    floor::{OrderRows, TENANT},
};

const ORDERS: usize = 20_000;
/// Orders in one stream, as the command line sends them.
const BATCH: usize = 1_000;
/// Rows in one statement of the bare insert.
const ROWS: usize = 500;
const ROUNDS: usize = 3;

pub(crate) async fn measure() -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (name, database) in [
        ("SQLite", Database::Sqlite),
        ("PostgreSQL", Database::Postgres),
    ] {
        let world = World::start(Setup::Together(database)).await;
        let shop = world.tenant(TENANT).await?;
        let (mut bare, mut imported) = (Vec::new(), Vec::new());
        let rows = OrderRows::open(&world.database("orders")).await?;
        for round in 0..ROUNDS {
            let orders: Vec<_> = (0..ORDERS).map(|number| order(round, number)).collect();
            let began = Instant::now();
            for batch in orders.chunks(BATCH) {
                let stream = tokio_stream::iter(batch.to_vec());
                shop.orders.clone().import_orders(stream).await?;
            }
            imported.push(ORDERS as f64 / began.elapsed().as_secs_f64());
            let written = rows.read(&format!("past-{round}-"), ORDERS).await?;
            let began = Instant::now();
            rows.insert(&written, ROWS, BATCH).await?;
            bare.push(ORDERS as f64 / began.elapsed().as_secs_f64());
        }
        figures.push(Figure {
            name: format!("import, {name}"),
            value: median(imported),
            unit: "orders/s",
            floor: Some(median(bare)),
            goal: Goal::ShareOfFloor(0.3),
        });
        world.stop().await?;
    }
    Ok(figures)
}

fn order(round: usize, number: usize) -> ImportOrdersRequest {
    let amount = |amount_minor| {
        Some(Money {
            currency_code: "USD".to_owned(),
            amount_minor,
        })
    };
    let cents = i64::try_from(number % 9_000).unwrap_or_default() + 100;
    ImportOrdersRequest {
        order: Some(Order {
            order_id: format!("past-{round}-{number:06}"),
            customer_id: format!("customer-{:05}", number % 7_000),
            currency_code: "USD".to_owned(),
            lines: vec![OrderLine {
                line_id: "1".to_owned(),
                sku: "CD".to_owned(),
                quantity: 1,
                line_total: amount(cents),
                ..OrderLine::default()
            }],
            destination_country: "US".to_owned(),
            buyer_kind: BuyerKind::Consumer.into(),
            channel: Channel::Online.into(),
            fulfilment_method: FulfilmentMethod::Ship.into(),
            placed_time: Some(prost_types::Timestamp {
                seconds: 852_076_800 + i64::try_from(number).unwrap_or_default() * 60,
                nanos: 0,
            }),
            origin: Origin::Backfill.into(),
            ..Order::default()
        }),
        line_number: i64::try_from(number).unwrap_or_default() + 1,
    }
}
