//! `returnable_line`: how much of an order line can come back. Every change checks the version.

use postlude_store::{Scope, StoreError, Tx};
use sea_orm::{ActiveValue::Set, Condition, entity::prelude::*};

use super::{tenant_table, units};
use crate::domain::limits::ReturnableLine;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "returnable_line")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) order_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) line_id: String,
    pub(crate) delivered: i64,
    pub(crate) allocated: i64,
    pub(crate) refunded_units: i64,
    pub(crate) refunded_net: i64,
    pub(crate) refunded_tax: i64,
    pub(crate) version: i64,
}

tenant_table!();

/// The limits of an order's lines, by line.
pub(crate) async fn of_order(
    scope: &impl Scope,
    order_id: &str,
) -> Result<Vec<ReturnableLine>, StoreError> {
    let rows = scope
        .find::<Entity>()
        .filter(Column::OrderId.eq(order_id))
        .order_by_asc(Column::LineId)
        .all()
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| ReturnableLine {
            line_id: row.line_id,
            delivered: units(row.delivered),
            allocated: units(row.allocated),
            refunded_units: units(row.refunded_units),
            refunded_net: row.refunded_net,
            refunded_tax: row.refunded_tax,
            version: row.version,
        })
        .collect())
}

/// Saves those limits that differ from `before`; a line that is new to the order is inserted.
///
/// # Errors
/// [`StoreError::Conflict`] if somebody else changed one since it was read.
pub(crate) async fn save(
    tx: &mut Tx,
    order_id: &str,
    before: &[ReturnableLine],
    after: &[ReturnableLine],
) -> Result<(), StoreError> {
    for line in after {
        let row = ActiveModel {
            order_id: Set(order_id.to_owned()),
            line_id: Set(line.line_id.clone()),
            delivered: Set(i64::from(line.delivered)),
            allocated: Set(i64::from(line.allocated)),
            refunded_units: Set(i64::from(line.refunded_units)),
            refunded_net: Set(line.refunded_net),
            refunded_tax: Set(line.refunded_tax),
            version: Set(line.version + 1),
            ..Default::default()
        };
        match before.iter().find(|known| known.line_id == line.line_id) {
            None => tx.insert(row).await?,
            Some(known) if known == line => {}
            Some(known) => {
                let this = Condition::all()
                    .add(Column::OrderId.eq(order_id))
                    .add(Column::LineId.eq(line.line_id.as_str()))
                    .add(Column::Version.eq(known.version));
                tx.update_one::<Entity>(row, this).await?;
            }
        }
    }
    Ok(())
}
