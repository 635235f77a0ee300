//! `component`: components by digest. All rows are the platform's own, so that two tenants with the
//! same plugin keep it once; nothing but its digest says whose it is.

use postlude_store::{Scope, StoreError, TenantTable, Tx};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

/// A component.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "component")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: String,
    pub content: Vec<u8>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantTable for Entity {
    fn tenant_column() -> Column {
        Column::Tenant
    }
}

/// Keeps a component; the same again is no change. `tx` is the platform's.
pub(crate) async fn ensure(tx: &mut Tx, digest: &str, content: &[u8]) -> Result<(), StoreError> {
    let row = ActiveModel {
        digest: Set(digest.to_owned()),
        content: Set(content.to_owned()),
        ..Default::default()
    };
    tx.upsert(row, &[Column::Tenant, Column::Digest], &[]).await
}

/// A component's bytes. `scope` is the platform's.
pub(crate) async fn one(scope: &impl Scope, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let row = scope
        .find::<Entity>()
        .filter(Column::Digest.eq(digest))
        .one()
        .await?;
    Ok(row.map(|row| row.content))
}
