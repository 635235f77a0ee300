//! `plugin`: the ids that have at least one version.

use postlude_store::{Scope, StoreError, TenantTable, Tx};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

/// A plugin of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "plugin")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub plugin_id: String,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantTable for Entity {
    fn tenant_column() -> Column {
        Column::Tenant
    }
}

/// Keeps an id; once more is no change.
pub(crate) async fn ensure(tx: &mut Tx, plugin_id: &str) -> Result<(), StoreError> {
    let row = ActiveModel {
        plugin_id: Set(plugin_id.to_owned()),
        ..Default::default()
    };
    tx.upsert(row, &[Column::Tenant, Column::PluginId], &[])
        .await
}

/// Ids after `after`, in order.
pub(crate) async fn page(
    scope: &impl Scope,
    after: &str,
    limit: u64,
) -> Result<Vec<String>, StoreError> {
    let rows = scope
        .find::<Entity>()
        .filter(Column::PluginId.gt(after))
        .order_by_asc(Column::PluginId)
        .limit(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|row| row.plugin_id).collect())
}
