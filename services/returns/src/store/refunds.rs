//! `refund`: which return a refund belongs to, what it takes out of the limits, how often it was asked
//! for. The refund itself stands in its return.

use postlude_store::{Scope, StoreError, Tx};
use prost::Message as _;
use sea_orm::{ActiveValue::Set, Condition, entity::prelude::*};

use super::{decode, tenant_table};
use crate::domain::refund::Allocation;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refund")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) refund_id: String,
    pub(crate) return_id: String,
    pub(crate) order_id: String,
    /// Whether the payment system still has to say what becomes of it.
    pub(crate) open: bool,
    pub(crate) attempt_count: i64,
    /// Why the last attempt brought no answer; empty if it did.
    pub(crate) last_failure: String,
    /// Encoded allocations.
    pub(crate) body: Vec<u8>,
}

tenant_table!();

/// What is known of a refund beside its return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) refund_id: String,
    pub(crate) return_id: String,
    pub(crate) order_id: String,
    pub(crate) open: bool,
    pub(crate) attempt_count: i64,
    pub(crate) last_failure: String,
    pub(crate) allocations: Vec<Allocation>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Body {
    #[prost(message, repeated, tag = "1")]
    allocations: Vec<StoredAllocation>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct StoredAllocation {
    #[prost(string, tag = "1")]
    line_id: String,
    #[prost(uint32, tag = "2")]
    units: u32,
    #[prost(int64, tag = "3")]
    net: i64,
    #[prost(int64, tag = "4")]
    tax: i64,
    #[prost(int64, tag = "5")]
    shipping: i64,
}

/// A refund by its id.
pub(crate) async fn find(
    scope: &impl Scope,
    refund_id: &str,
) -> Result<Option<Stored>, StoreError> {
    scope
        .find::<Entity>()
        .filter(Column::RefundId.eq(refund_id))
        .one()
        .await?
        .map(stored)
        .transpose()
}

/// The refunds of a return.
pub(crate) async fn of_return(
    scope: &impl Scope,
    return_id: &str,
) -> Result<Vec<Stored>, StoreError> {
    scope
        .find::<Entity>()
        .filter(Column::ReturnId.eq(return_id))
        .all()
        .await?
        .into_iter()
        .map(stored)
        .collect()
}

/// Refunds that wait for the payment system.
pub(crate) async fn open(scope: &impl Scope) -> Result<Vec<Stored>, StoreError> {
    scope
        .find::<Entity>()
        .filter(Column::Open.eq(true))
        .all()
        .await?
        .into_iter()
        .map(stored)
        .collect()
}

/// Keeps a new refund.
pub(crate) async fn insert(tx: &mut Tx, refund: &Stored) -> Result<(), StoreError> {
    let body = Body {
        allocations: refund
            .allocations
            .iter()
            .map(|allocation| StoredAllocation {
                line_id: allocation.line_id.clone(),
                units: allocation.units,
                net: allocation.net,
                tax: allocation.tax,
                shipping: allocation.shipping,
            })
            .collect(),
    };
    tx.insert(ActiveModel {
        refund_id: Set(refund.refund_id.clone()),
        return_id: Set(refund.return_id.clone()),
        order_id: Set(refund.order_id.clone()),
        open: Set(refund.open),
        attempt_count: Set(refund.attempt_count),
        last_failure: Set(refund.last_failure.clone()),
        body: Set(body.encode_to_vec()),
        ..Default::default()
    })
    .await
}

/// The payment system has said what became of it.
///
/// # Errors
/// [`StoreError::Conflict`] if it had said so before.
pub(crate) async fn close(tx: &mut Tx, refund_id: &str) -> Result<(), StoreError> {
    let row = ActiveModel {
        open: Set(false),
        last_failure: Set(String::new()),
        ..Default::default()
    };
    let this = Condition::all()
        .add(Column::RefundId.eq(refund_id))
        .add(Column::Open.eq(true));
    tx.update_one::<Entity>(row, this).await
}

/// An attempt to ask for it begins or has brought nothing.
///
/// # Errors
/// [`StoreError::Conflict`] if another attempt began in the meantime.
pub(crate) async fn count_attempt(
    tx: &mut Tx,
    refund_id: &str,
    before: i64,
    now: i64,
    failure: &str,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        attempt_count: Set(now),
        last_failure: Set(failure.to_owned()),
        ..Default::default()
    };
    let this = Condition::all()
        .add(Column::RefundId.eq(refund_id))
        .add(Column::AttemptCount.eq(before));
    tx.update_one::<Entity>(row, this).await
}

fn stored(row: Model) -> Result<Stored, StoreError> {
    let body: Body = decode("refund", &row.body)?;
    Ok(Stored {
        refund_id: row.refund_id,
        return_id: row.return_id,
        order_id: row.order_id,
        open: row.open,
        attempt_count: row.attempt_count,
        last_failure: row.last_failure,
        allocations: body
            .allocations
            .into_iter()
            .map(|allocation| Allocation {
                line_id: allocation.line_id,
                units: allocation.units,
                net: allocation.net,
                tax: allocation.tax,
                shipping: allocation.shipping,
            })
            .collect(),
    })
}
