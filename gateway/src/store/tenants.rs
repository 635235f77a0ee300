//! Retailers.

use postlude_store::{Scope, StoreError, TenantTable, Tx};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tenants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: String,
    pub display_name: String,
    pub create_time: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantTable for Entity {
    fn tenant_column() -> Self::Column {
        Column::Tenant
    }
}

/// The tenant, if it is there.
pub(crate) async fn find(scope: &impl Scope, id: &str) -> Result<Option<Model>, StoreError> {
    scope
        .find::<Entity>()
        .filter(Column::TenantId.eq(id))
        .one()
        .await
}

/// Adds a tenant.
pub(crate) async fn insert(
    tx: &mut Tx,
    id: &str,
    display_name: &str,
    create_time: i64,
) -> Result<(), StoreError> {
    tx.insert(ActiveModel {
        tenant_id: Set(id.to_owned()),
        display_name: Set(display_name.to_owned()),
        create_time: Set(create_time),
        ..Default::default()
    })
    .await
}
