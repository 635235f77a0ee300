//! What is to happen at a time, and jobs that are to happen now. Rows, so that they survive.
//!
//! A replica takes due timers under a lease (rows locked by another are skipped) and runs their
//! handlers. A handler does its work in a transaction of its own and ends the timer in it, by
//! [`Tx::finish_timer`] or [`Tx::reschedule_timer`]: the effect and the end of the timer are one. The
//! loser of a lease that ran out finds the timer gone and rolls back.

mod fire;

use std::{collections::HashMap, sync::Arc};

use postlude_kernel::{TenantId, Timestamp};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};

pub use self::fire::{due_count, fire_due_once, next_due, renew_leases, run};
use crate::{
    Store, StoreError, Tx,
    tables::timer::{ActiveModel, Column, Entity},
};

/// A timer that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTimer {
    /// Whose it is.
    pub tenant: TenantId,
    /// What is to happen.
    pub kind: String,
    /// To what: unique within tenant and kind.
    pub key: String,
    /// When it was to happen.
    pub due: Timestamp,
    /// How often it has been fired, this time included: 1 the first time.
    pub attempt: u32,
    /// What [`Tx::schedule`] was given.
    pub payload: Vec<u8>,
    token: String,
}

/// Does what a kind of timer stands for.
#[async_trait::async_trait]
pub trait TimerHandler: Send + Sync {
    /// Does it, and finishes or reschedules the timer in the same transaction. A timer that comes back
    /// successful without either is finished afterwards. With an error it comes again, later each time.
    async fn fire(&self, timer: DueTimer) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// Handlers by kind.
pub type Handlers = HashMap<String, Arc<dyn TimerHandler>>;

impl Tx {
    /// Sets a timer; one with the same kind and key is replaced and starts anew. Due now or before, it
    /// is a job.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn schedule(
        &mut self,
        kind: &str,
        key: &str,
        due: Timestamp,
        payload: &[u8],
    ) -> Result<(), StoreError> {
        let row = ActiveModel {
            tenant: Set(self.session.tenant.as_str().to_owned()),
            kind: Set(kind.to_owned()),
            key: Set(key.to_owned()),
            due: Set(due.as_micros()),
            payload: Set(payload.to_vec()),
            attempt: Set(0),
            token: Set(new_token(&self.session.store)),
            lease_until: Set(None),
            last_error: Set(None),
        };
        let answer = Entity::insert(row)
            .on_conflict(
                OnConflict::columns([Column::Tenant, Column::Kind, Column::Key])
                    .update_columns([
                        Column::Due,
                        Column::Payload,
                        Column::Attempt,
                        Column::Token,
                        Column::LeaseUntil,
                        Column::LastError,
                    ])
                    .to_owned(),
            )
            .exec_without_returning(self.session.connection()?)
            .await;
        self.session.note(answer)?;
        self.staged.timers = true;
        Ok(())
    }

    /// Takes a timer back; it is no error if there is none.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn cancel_timer(&mut self, kind: &str, key: &str) -> Result<(), StoreError> {
        let answer = Entity::delete_many()
            .filter(Column::Tenant.eq(self.session.tenant.as_str()))
            .filter(Column::Kind.eq(kind))
            .filter(Column::Key.eq(key))
            .exec(self.session.connection()?)
            .await;
        self.session.note(answer).map(|_| ())
    }

    /// Ends a timer that was fired, together with its effect.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it was taken back, changed, or taken over by another replica.
    pub async fn finish_timer(&mut self, timer: &DueTimer) -> Result<(), StoreError> {
        let answer = Entity::delete_many()
            .filter(mine(timer))
            .exec(self.session.connection()?)
            .await;
        let rows = self.session.note(answer)?.rows_affected;
        self.expect_one(rows)
    }

    /// Lets a timer that was fired come again at another time; its attempts go on counting.
    ///
    /// # Errors
    /// As [`finish_timer`](Self::finish_timer).
    pub async fn reschedule_timer(
        &mut self,
        timer: &DueTimer,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let answer = Entity::update_many()
            .col_expr(Column::Due, Expr::value(at.as_micros()))
            .col_expr(Column::Token, Expr::value(new_token(&self.session.store)))
            .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
            .filter(mine(timer))
            .exec(self.session.connection()?)
            .await;
        let rows = self.session.note(answer)?.rows_affected;
        self.staged.timers = true;
        self.expect_one(rows)
    }

    fn expect_one(&self, rows: u64) -> Result<(), StoreError> {
        if rows == 1 {
            return Ok(());
        }
        self.session
            .note(Err(StoreError::Conflict("the timer".to_owned())))
    }
}

fn mine(timer: &DueTimer) -> Condition {
    Condition::all()
        .add(Column::Tenant.eq(timer.tenant.as_str()))
        .add(Column::Kind.eq(&timer.kind))
        .add(Column::Key.eq(&timer.key))
        .add(Column::Token.eq(&timer.token))
}

fn new_token(store: &Store) -> String {
    store.ids().ulid(store.now()).to_string()
}
