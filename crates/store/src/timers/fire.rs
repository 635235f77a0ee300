//! Taking due timers, running their handlers, and what becomes of the timer afterwards.

use std::{collections::BTreeMap, time::Duration};

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

/// So many handlers run side by side in a replica.
const MOST: usize = 32;
/// So many of them for one tenant: somebody's slow endpoint holds up nobody else's timers.
const MOST_PER_TENANT: usize = 16;
const POLL: Duration = Duration::from_secs(1);
/// How long a timer waits for a replica that is gone. A handler that runs has its lease renewed.
const LEASE: Duration = Duration::from_secs(10);
const RENEW: Duration = Duration::from_secs(3);
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
const BACKOFF_MOST: Duration = Duration::from_secs(600);

/// Fires what is due until it is stopped; then waits for the handlers that run.
pub async fn run(store: Store, handlers: Handlers, stop: CancellationToken) {
    let mut firing = JoinSet::new();
    let mut renew = tokio::time::interval(RENEW);
    renew.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !stop.is_cancelled() {
        let woken = store.inner().timers.notified();
        tokio::pin!(woken);
        // From here on a commit isn't missed.
        woken.as_mut().enable();
        let room = MOST.saturating_sub(firing.len());
        match fire_due(&store, &handlers, room, &mut firing).await {
            Ok(0) => {}
            // There may be more.
            Ok(_) => continue,
            Err(error) => {
                tracing::warn!(service = store.service(), error = %chain(&error), "timers");
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = woken => {}
            Some(_) = firing.join_next() => {}
            _ = renew.tick() => renew_leases(&store).await,
            () = tokio::time::sleep(POLL) => {}
        }
    }
    finish(&store, firing).await;
}

/// Fires what is due now, at most 32 timers, side by side; answers how many, whatever became of them.
///
/// # Errors
/// What the database answers; a handler's error is not one.
pub async fn fire_due_once(store: &Store, handlers: &Handlers) -> Result<usize, StoreError> {
    let mut firing = JoinSet::new();
    let count = fire_due(store, handlers, MOST, &mut firing).await?;
    finish(store, firing).await;
    Ok(count)
}

/// Starts what is due, `most` handlers at most; answers how many.
async fn fire_due(
    store: &Store,
    handlers: &Handlers,
    most: usize,
    firing: &mut JoinSet<()>,
) -> Result<usize, StoreError> {
    if most == 0 {
        return Ok(0);
    }
    let due = claim(store, handlers, most).await?;
    let count = due.len();
    for timer in due {
        let Some(handler) = handlers.get(&timer.kind).cloned() else {
            continue;
        };
        let fired = Firing::of(store, &timer);
        let store = store.clone();
        firing.spawn(async move {
            let _fired = fired;
            // A task of its own, so that a panic is one timer's failure.
            let work = timer.clone();
            let outcome = tokio::spawn(async move { handler.fire(work).await }).await;
            let outcome = match outcome {
                Ok(Ok(())) => settle(&store, &timer).await,
                Ok(Err(error)) => postpone(&store, &timer, &chain(error.as_ref())).await,
                Err(error) => {
                    tracing::error!(service = store.service(), kind = timer.kind, %error, "timer");
                    postpone(&store, &timer, &error.to_string()).await
                }
            };
            if let Err(error) = outcome {
                tracing::warn!(service = store.service(), kind = timer.kind, error = %chain(&error), "timer");
            }
        });
    }
    Ok(count)
}

/// Waits for the handlers that run, and keeps their leases meanwhile.
async fn finish(store: &Store, mut firing: JoinSet<()>) {
    let mut renew = tokio::time::interval_at(tokio::time::Instant::now() + RENEW, RENEW);
    loop {
        tokio::select! {
            ended = firing.join_next() => {
                if ended.is_none() {
                    return;
                }
            }
            _ = renew.tick() => renew_leases(store).await,
        }
    }
}

/// Lengthens the leases of what this process is firing; [`run`] does so by itself. Failing to is no
/// harm yet: the next time may succeed, and the loser of a lease that ran out rolls back.
pub async fn renew_leases(store: &Store) {
    let firing: Vec<(String, String)> = store
        .firing()
        .iter()
        .map(|(id, token)| (id.0.clone(), token.clone()))
        .collect();
    if firing.is_empty() || !store.is_postgres() {
        return;
    }
    let renewed = async {
        let transaction = store.begin_unscoped().await?;
        let until = store.now().plus(LEASE).as_micros();
        let mine = firing
            .into_iter()
            .fold(Condition::any(), |any, (tenant, token)| {
                any.add(
                    Condition::all()
                        .add(Column::Tenant.eq(tenant))
                        .add(Column::Token.eq(token))
                        .add(Column::LeaseUntil.is_not_null()),
                )
            });
        Entity::update_many()
            .col_expr(Column::LeaseUntil, Expr::value(Some(until)))
            .filter(mine)
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok::<_, StoreError>(())
    };
    if let Err(error) = renewed.await {
        tracing::warn!(service = store.service(), error = %chain(&error), "leases of timers");
    }
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

async fn claim(
    store: &Store,
    handlers: &Handlers,
    most: usize,
) -> Result<Vec<DueTimer>, StoreError> {
    free_stale_leases(store).await?;
    let now = store.now();
    let mut by_tenant = firing_by_tenant(store);
    let busy: Vec<&str> = by_tenant
        .iter()
        .filter(|(_, count)| **count >= MOST_PER_TENANT)
        .map(|(tenant, _)| tenant.as_str())
        .collect();
    let ready = due_condition(now, handlers)
        .add(free_condition(now))
        .add(Column::Tenant.is_not_in(busy));
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
        .limit(u64::try_from(most).unwrap_or(u64::MAX))
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(&transaction)
        .await?;
    let mut due = Vec::new();
    for row in rows {
        let id = (row.tenant.clone(), row.kind.clone(), row.key.clone());
        let share = by_tenant.entry(row.tenant.clone()).or_default();
        if *share >= MOST_PER_TENANT || store.firing().contains_key(&id) {
            continue;
        }
        *share += 1;
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

/// How many timers of each tenant this process is firing.
fn firing_by_tenant(store: &Store) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    for id in store.firing().keys() {
        *count.entry(id.0.clone()).or_default() += 1;
    }
    count
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
        store.firing().insert(id.clone(), timer.token.clone());
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
