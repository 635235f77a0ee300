//! `refund_attempt`: each time a refund was asked for. The row is there before the call.

use postlude_kernel::Timestamp;
use postlude_store::{StoreError, Tx};
use sea_orm::{ActiveValue::Set, Condition, entity::prelude::*};

use super::tenant_table;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refund_attempt")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) refund_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) attempt: i64,
    pub(crate) started_at: i64,
    /// Missing while the call runs, and for good if the process died in it.
    pub(crate) ended_at: Option<i64>,
    /// What came of it, in one sentence.
    pub(crate) outcome: Option<String>,
}

tenant_table!();

/// An attempt begins.
pub(crate) async fn begin(
    tx: &mut Tx,
    refund_id: &str,
    attempt: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.insert(ActiveModel {
        refund_id: Set(refund_id.to_owned()),
        attempt: Set(attempt),
        started_at: Set(now.as_micros()),
        ended_at: Set(None),
        outcome: Set(None),
        ..Default::default()
    })
    .await
}

/// An attempt has ended.
pub(crate) async fn end(
    tx: &mut Tx,
    refund_id: &str,
    attempt: i64,
    now: Timestamp,
    outcome: &str,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        ended_at: Set(Some(now.as_micros())),
        outcome: Set(Some(outcome.to_owned())),
        ..Default::default()
    };
    let this = Condition::all()
        .add(Column::RefundId.eq(refund_id))
        .add(Column::Attempt.eq(attempt));
    tx.update::<Entity>(row, this).await.map(|_| ())
}
