//! CreateReturn through the gateway beside its own SQL statements, issued bare.
//!
//! One call is recorded, statement by statement with its values. The floor issues the same statements
//! for other orders, which were bought, paid, shipped and delivered in the same way, with as many clients
//! and over the same driver. What the platform does afterwards (the relay, the consumers) goes on while
//! the calls are measured and isn't in the floor.
#![allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people"
)]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::try_join_all;
use postlude::load::{self, Caller, Connect, History, Pace, Plan, Silent, life::Step};
use postlude_journeys::{Setup, Shop, World};
use postlude_kernel::{Clock as _, IdSource as _, SystemClock, SystemIds};
use postlude_testkit::Database;
use sea_orm::{Statement, Value, Values};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    figure::{Figure, Goal, median},
    floor::{Bare, TENANT, is_write},
};

const CLIENTS: u32 = 8;
const CALLS: u64 = 400;
const ROUNDS: usize = 5;
/// The order of the call that is recorded.
const TEMPLATE: &str = "template";

/// What the returns' store says while somebody listens.
static RECORD: Mutex<Option<Vec<Statement>>> = Mutex::new(None);

pub(crate) async fn measure(database: Database) -> anyhow::Result<Vec<Figure>> {
    postlude_store::watch::statements(Arc::new(|service, statement| {
        let mut record = RECORD.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(record) = record.as_mut().filter(|_| service == "returns") {
            record.push(statement.clone());
        }
    }));
    let world = World::start(Setup::Together(database)).await;
    let shop = world.tenant(TENANT).await?;
    let statements = record(&world, &shop).await?;
    let bare = Bare::open(&world.database("returns")).await?;
    let (mut measured, mut floor) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let name = format!("called{round}");
        let summary = calls(&world, &shop, &name, CALLS, Step::Create).await?;
        let answered = summary
            .calls
            .iter()
            .find(|call| call.name == "CreateReturn");
        let answered = answered.map_or(0, |call| call.ok);
        anyhow::ensure!(answered == CALLS, "{:?}", summary.calls);
        let name = format!("floor{round}");
        calls(&world, &shop, &name, CALLS, Step::Delivery).await?;
        let bare_rate = issue(&bare, &statements, &name).await?;
        // The first round warms up.
        if round > 0 {
            measured.push(answered as f64 / summary.elapsed.as_secs_f64());
            floor.push(bare_rate);
        }
    }
    world.stop().await?;
    let name = match database {
        Database::Sqlite => "SQLite",
        Database::Postgres => "PostgreSQL",
    };
    for statement in &statements {
        eprintln!(
            "    {}",
            statement.sql.chars().take(150).collect::<String>()
        );
    }
    Ok(vec![Figure {
        name: format!("create-return, {name}"),
        value: median(measured),
        unit: "calls/s",
        floor: Some(median(floor)),
        goal: Goal::ShareOfFloor(0.5),
    }])
}

/// Makes the calls of lives that end with `until`.
async fn calls(
    world: &World,
    shop: &Shop,
    name: &str,
    lives: u64,
    until: Step,
) -> anyhow::Result<load::Summary> {
    let (now, _) = SystemClock.now().to_seconds_nanos();
    let plan = Plan {
        lives,
        until,
        ..Plan::new(name, Pace::Clients(CLIENTS), Duration::from_secs(300), now)
    };
    let to = Connect {
        endpoint: format!("http://{}", world.address),
        key: shop.key.clone(),
        connections: 4,
    };
    let caller = Caller::connect(&to, &plan).await?;
    load::run(
        plan,
        caller,
        History::none(),
        &Silent,
        CancellationToken::new(),
    )
    .await
}

/// The statements of one CreateReturn.
async fn record(world: &World, shop: &Shop) -> anyhow::Result<Vec<Statement>> {
    calls(world, shop, TEMPLATE, 1, Step::Delivery).await?;
    let request = load::create_request(&format!("{TEMPLATE}-0"));
    let set = |record| *RECORD.lock().unwrap_or_else(PoisonError::into_inner) = record;
    set(Some(Vec::new()));
    shop.returns.clone().create_return(request).await?;
    let recorded = RECORD.lock().unwrap_or_else(PoisonError::into_inner).take();
    // The relay, the timers and the bus work for themselves, whoever calls.
    let own = |statement: &Statement| {
        let sql = &statement.sql;
        let background = ["store_outbox", "store_timer", "advisory"];
        let inserts = sql.trim_start().starts_with("INSERT");
        inserts || !background.iter().any(|table| sql.contains(table))
    };
    let statements: Vec<_> = recorded
        .unwrap_or_default()
        .into_iter()
        .filter(own)
        .collect();
    let writes = statements.iter().filter(|one| is_write(&one.sql)).count();
    anyhow::ensure!(writes >= 3, "{writes} writes were recorded");
    Ok(statements)
}

/// Issues the statements for every order of a name; rounds a second.
async fn issue(bare: &Bare, statements: &[Statement], name: &str) -> anyhow::Result<f64> {
    let next = std::sync::atomic::AtomicU64::new(0);
    let began = Instant::now();
    let clients = (0..CLIENTS).map(async |_| {
        loop {
            let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if number >= CALLS {
                return anyhow::Ok(());
            }
            bare.issue(for_order(statements, name, number)).await?;
        }
    });
    try_join_all(clients).await?;
    Ok(CALLS as f64 / began.elapsed().as_secs_f64())
}

/// The same statements about another order and its customer, with ids of their own.
fn for_order(statements: &[Statement], name: &str, number: u64) -> Vec<Statement> {
    let template = format!("{TEMPLATE}-0");
    let order_id = format!("{name}-{number}");
    let (customer, its_customer) = (load::customer(0), load::customer(number));
    let mut ids = BTreeMap::new();
    statements
        .iter()
        .map(|statement| {
            let mut statement = statement.clone();
            if let Some(Values(values)) = &mut statement.values {
                for value in values {
                    let Value::String(Some(text)) = value else {
                        continue;
                    };
                    if *text == customer {
                        text.clone_from(&its_customer);
                    } else {
                        *text = fresh_ids(&text.replace(&template, &order_id), &mut ids);
                    }
                }
            }
            statement
        })
        .collect()
}

/// A text with each ULID replaced, the same one always by the same.
fn fresh_ids(text: &str, ids: &mut BTreeMap<String, String>) -> String {
    const LENGTH: usize = 26;
    let is_ulid = |part: &str| {
        part.len() == LENGTH
            && part.starts_with('0')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    };
    let mut fresh = String::with_capacity(text.len());
    for part in text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
        let word = part.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        if is_ulid(word) {
            let made = ids
                .entry(word.to_owned())
                .or_insert_with(|| SystemIds.ulid(SystemClock.now()).to_string());
            fresh.push_str(made);
            fresh.push_str(part.strip_prefix(word).unwrap_or_default());
        } else {
            fresh.push_str(part);
        }
    }
    fresh
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::fresh_ids;

    #[test]
    fn the_same_id_is_replaced_by_the_same() {
        let mut ids = BTreeMap::new();
        let id = "01M8EB8B0JNAX2D2M9R1Z8PM0T";
        let one = fresh_ids(&format!("ret_{id}"), &mut ids);
        let two = fresh_ids(&format!("ret_{id}/1"), &mut ids);
        assert_ne!(one, format!("ret_{id}"));
        assert_eq!(two, format!("{one}/1"));
        assert_eq!(
            fresh_ids("floor1-12-CreateReturn", &mut ids),
            "floor1-12-CreateReturn"
        );
    }
}
