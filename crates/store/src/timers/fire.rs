//! Taking due timers, running their handlers, and what becomes of the timer afterwards.

use std::time::Duration;

use postlude_kernel::{TenantId, Timestamp};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait as _, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, LockBehavior, LockType},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{DueTimer, Handlers, mine, new_token};
use crate::{
    Store, StoreError,
    relay::chain,
    tables::timer::{Column, Entity, Model},
};

const BATCH: u64 = 32;
const POLL: Duration = Duration::from_secs(1);
/// A handler that takes longer may be overtaken by another replica, and then loses.
const LEASE: Duration = Duration::from_secs(60);
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
const BACKOFF_MOST: Duration = Duration::from_secs(600);

/// Fires what is due until it is stopped; then waits for the handlers that run.
pub async fn run(store: Store, handlers: Handlers, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let woken = store.inner().timers.notified();
        tokio::pin!(woken);
        // From here on a commit isn't missed.
        woken.as_mut().enable();
        match fire_due_once(&store, &handlers).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => {
                tracing::warn!(service = store.service(), error = %chain(&error), "timers");
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = woken => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Fires what is due now, at most 32 timers, side by side; answers how many, whatever became of them.
///
/// # Errors
/// What the database answers; a handler's error is not one.
pub async fn fire_due_once(store: &Store, handlers: &Handlers) -> Result<usize, StoreError> {
    let due = claim(store, handlers).await?;
    let count = due.len();
    let mut running = JoinSet::new();
    for timer in due {
        let Some(handler) = handlers.get(&timer.kind).cloned() else {
            continue;
        };
        let store = store.clone();
        running.spawn(async move {
            let _firing = Firing::of(&store, &timer);
            // A task of its own, so that a panic is one timer's failure.
            let work = timer.clone();
            let outcome = tokio::spawn(async move { handler.fire(work).await }).await;
            let outcome = match outcome {
                Ok(Ok(())) => settle(&store, &timer).await,
                Ok(Err(error)) => postpone(&store, &timer, &chain(error.as_ref())).await,
                Err(error) => postpone(&store, &timer, &error.to_string()).await,
            };
            if let Err(error) = outcome {
                tracing::warn!(service = store.service(), kind = timer.kind, error = %chain(&error), "timer");
            }
        });
    }
    while running.join_next().await.is_some() {}
    Ok(count)
}

/// How many timers are due now, of the kinds that have a handler.
///
/// # Errors
/// What the database answers.
pub async fn due_count(store: &Store, handlers: &Handlers) -> Result<u64, StoreError> {
    Ok(Entity::find()
        .filter(due_condition(store.now(), handlers))
        .count(store.reader())
        .await?)
}

/// When the next timer is due, of whatever kind and tenant.
///
/// # Errors
/// What the database answers.
pub async fn next_due(store: &Store) -> Result<Option<Timestamp>, StoreError> {
    Ok(Entity::find()
        .order_by_asc(Column::Due)
        .one(store.reader())
        .await?
        .map(|row| Timestamp::from_micros(row.due)))
}

fn due_condition(now: Timestamp, handlers: &Handlers) -> Condition {
    Condition::all()
        .add(Column::Kind.is_in(handlers.keys().map(String::as_str)))
        .add(Column::Due.lte(now.as_micros()))
}

fn free_condition(now: Timestamp) -> Condition {
    Condition::any()
        .add(Column::LeaseUntil.is_null())
        .add(Column::LeaseUntil.lte(now.as_micros()))
}

async fn claim(store: &Store, handlers: &Handlers) -> Result<Vec<DueTimer>, StoreError> {
    free_stale_leases(store).await?;
    let now = store.now();
    let ready = due_condition(now, handlers).add(free_condition(now));
    // Looks before it locks: the only writer of SQLite isn't taken every second for nothing.
    let any = Entity::find()
        .filter(ready.clone())
        .limit(1)
        .one(store.reader())
        .await?;
    if any.is_none() {
        return Ok(Vec::new());
    }
    let transaction = store.begin_unscoped().await?;
    // On SQLite the lock clause vanishes; there the transaction is the only writer.
    let rows = Entity::find()
        .filter(ready)
        .order_by_asc(Column::Due)
        .limit(BATCH)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(&transaction)
        .await?;
    let mut due = Vec::new();
    for row in rows {
        let id = (row.tenant.clone(), row.kind.clone(), row.key.clone());
        if store.firing().contains(&id) {
            continue;
        }
        let token = new_token(store);
        Entity::update_many()
            .col_expr(Column::Token, Expr::value(token.clone()))
            .col_expr(Column::Attempt, Expr::col(Column::Attempt).add(1))
            .col_expr(
                Column::LeaseUntil,
                Expr::value(Some(now.plus(LEASE).as_micros())),
            )
            .filter(Column::Tenant.eq(&row.tenant))
            .filter(Column::Kind.eq(&row.kind))
            .filter(Column::Key.eq(&row.key))
            .exec(&transaction)
            .await?;
        due.push(due_timer(row, token)?);
    }
    transaction.commit().await?;
    Ok(due)
}

/// A SQLite file has one serving process: leases that it finds are those of the one before, which is
/// dead.
async fn free_stale_leases(store: &Store) -> Result<(), StoreError> {
    if store.is_postgres() {
        return Ok(());
    }
    store
        .inner()
        .leases_freed
        .get_or_try_init(|| async {
            let transaction = store.begin_unscoped().await?;
            Entity::update_many()
                .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
                .filter(Column::LeaseUntil.is_not_null())
                .exec(&transaction)
                .await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
        .copied()
}

/// The handler was successful and may have left the timer there.
async fn settle(store: &Store, timer: &DueTimer) -> Result<(), StoreError> {
    let still_there = Entity::find()
        .filter(mine(timer))
        .one(store.reader())
        .await?;
    if still_there.is_some() {
        let transaction = store.begin_unscoped().await?;
        Entity::delete_many()
            .filter(mine(timer))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
    }
    Ok(())
}

async fn postpone(store: &Store, timer: &DueTimer, error: &str) -> Result<(), StoreError> {
    let now = store.now();
    let wait = crate::backoff(store.ids(), now, timer.attempt, BACKOFF_FIRST, BACKOFF_MOST);
    tracing::warn!(
        service = store.service(),
        tenant = %timer.tenant,
        kind = timer.kind,
        key = timer.key,
        attempt = timer.attempt,
        error,
        "a timer failed and comes again"
    );
    let transaction = store.begin_unscoped().await?;
    Entity::update_many()
        .col_expr(Column::Due, Expr::value(now.plus(wait).as_micros()))
        .col_expr(Column::Token, Expr::value(new_token(store)))
        .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
        .col_expr(Column::LastError, Expr::value(Some(error.to_owned())))
        .filter(mine(timer))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

fn due_timer(row: Model, token: String) -> Result<DueTimer, StoreError> {
    Ok(DueTimer {
        tenant: TenantId::parse(row.tenant)
            .map_err(|error| StoreError::internal(error.to_string()))?,
        kind: row.kind,
        key: row.key,
        due: Timestamp::from_micros(row.due),
        attempt: u32::try_from(row.attempt).unwrap_or(0).saturating_add(1),
        payload: row.payload,
        token,
    })
}

/// Notes that this process is firing a timer, until it is dropped.
struct Firing {
    store: Store,
    id: (String, String, String),
}

impl Firing {
    fn of(store: &Store, timer: &DueTimer) -> Self {
        let id = (
            timer.tenant.as_str().to_owned(),
            timer.kind.clone(),
            timer.key.clone(),
        );
        store.firing().insert(id.clone());
        Self {
            store: store.clone(),
            id,
        }
    }
}

impl Drop for Firing {
    fn drop(&mut self) {
        self.store.firing().remove(&self.id);
    }
}
