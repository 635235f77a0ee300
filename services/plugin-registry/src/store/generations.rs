//! `generation`: counts changes, one row per tenant. The row of `platform` counts those of all.

use postlude_store::{Scope, StoreError, TenantTable, Tx};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

/// A counter.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "generation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    pub value: i64,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantTable for Entity {
    fn tenant_column() -> Column {
        Column::Tenant
    }
}

/// The newest generation; 0 before the first change.
pub(crate) async fn newest(scope: &impl Scope) -> Result<i64, StoreError> {
    let row = scope.find::<Entity>().one().await?;
    Ok(row.map_or(0, |row| row.value))
}

/// Moves the counter from what was read to `to`; a conflict if somebody else moved it first.
pub(crate) async fn advance(tx: &mut Tx, from: i64, to: i64) -> Result<(), StoreError> {
    let row = ActiveModel {
        value: Set(to),
        ..Default::default()
    };
    if from == 0 {
        tx.insert(row).await
    } else {
        tx.update_one::<Entity>(row, Column::Value.eq(from)).await
    }
}
