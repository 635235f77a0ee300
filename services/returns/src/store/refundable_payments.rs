//! `refundable_payment`: how much of an order's money can go back. Every change checks the version.

use postlude_store::{Scope, StoreError, Tx};
use sea_orm::{ActiveValue::Set, Condition, entity::prelude::*};

use super::tenant_table;
use crate::domain::limits::RefundablePayment;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refundable_payment")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) order_id: String,
    pub(crate) captured: i64,
    pub(crate) refunded_externally: i64,
    pub(crate) charged_back: i64,
    pub(crate) disputed: bool,
    pub(crate) allocated: i64,
    pub(crate) shipping_allocated: i64,
    pub(crate) version: i64,
}

tenant_table!();

/// The money of an order; `None` if the order isn't known.
pub(crate) async fn find(
    scope: &impl Scope,
    order_id: &str,
) -> Result<Option<RefundablePayment>, StoreError> {
    let row = scope
        .find::<Entity>()
        .filter(Column::OrderId.eq(order_id))
        .one()
        .await?;
    Ok(row.map(|row| RefundablePayment {
        captured: row.captured,
        refunded_externally: row.refunded_externally,
        charged_back: row.charged_back,
        disputed: row.disputed,
        allocated: row.allocated,
        shipping_allocated: row.shipping_allocated,
        version: row.version,
    }))
}

/// Saves the money of an order, if it differs from `before`.
///
/// # Errors
/// [`StoreError::Conflict`] if somebody else changed it since it was read.
pub(crate) async fn save(
    tx: &mut Tx,
    order_id: &str,
    before: Option<&RefundablePayment>,
    after: &RefundablePayment,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        order_id: Set(order_id.to_owned()),
        captured: Set(after.captured),
        refunded_externally: Set(after.refunded_externally),
        charged_back: Set(after.charged_back),
        disputed: Set(after.disputed),
        allocated: Set(after.allocated),
        shipping_allocated: Set(after.shipping_allocated),
        version: Set(after.version + 1),
        ..Default::default()
    };
    match before {
        None => tx.insert(row).await,
        Some(before) if before == after => Ok(()),
        Some(before) => {
            let this = Condition::all()
                .add(Column::OrderId.eq(order_id))
                .add(Column::Version.eq(before.version));
            tx.update_one::<Entity>(row, this).await
        }
    }
}
