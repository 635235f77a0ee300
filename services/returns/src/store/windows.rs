//! `return_window`: until when each line may come back, as it was told.

use postlude_kernel::Timestamp;
use postlude_store::{Scope, StoreError, Tx};
use sea_orm::{ActiveValue::Set, Condition, entity::prelude::*};

use super::tenant_table;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "return_window")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) order_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) line_id: String,
    pub(crate) closes_at: i64,
    pub(crate) closed: bool,
    pub(crate) revision: i64,
}

tenant_table!();

/// A window as it was told last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) closes: Timestamp,
    pub(crate) closed: bool,
    pub(crate) revision: i64,
}

/// The window of a line.
pub(crate) async fn find(
    scope: &impl Scope,
    order_id: &str,
    line_id: &str,
) -> Result<Option<Window>, StoreError> {
    let row = scope
        .find::<Entity>()
        .filter(Column::OrderId.eq(order_id))
        .filter(Column::LineId.eq(line_id))
        .one()
        .await?;
    Ok(row.map(|row| Window {
        closes: Timestamp::from_micros(row.closes_at),
        closed: row.closed,
        revision: row.revision,
    }))
}

/// Saves a window over the one with the revision before.
///
/// # Errors
/// [`StoreError::Conflict`] if somebody else changed it since it was read.
pub(crate) async fn save(
    tx: &mut Tx,
    order_id: &str,
    line_id: &str,
    window: Window,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        order_id: Set(order_id.to_owned()),
        line_id: Set(line_id.to_owned()),
        closes_at: Set(window.closes.as_micros()),
        closed: Set(window.closed),
        revision: Set(window.revision),
        ..Default::default()
    };
    if window.revision == 1 {
        return tx.insert(row).await;
    }
    let this = Condition::all()
        .add(Column::OrderId.eq(order_id))
        .add(Column::LineId.eq(line_id))
        .add(Column::Revision.eq(window.revision - 1));
    tx.update_one::<Entity>(row, this).await
}
