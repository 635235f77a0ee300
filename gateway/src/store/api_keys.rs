//! API keys, without their secrets: only a hash is kept.

use postlude_store::{Scope, StoreError, TenantTable, Tx};
use sea_orm::{ActiveValue::Set, Condition, entity::prelude::*};

/// A row.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_id: String,
    /// The retailer whose key it is.
    pub owner: String,
    pub display_name: String,
    /// Separated by spaces.
    pub scopes: String,
    /// SHA-256 of the secret, hexadecimal. The secret has 256 random bits: nothing slower is needed.
    pub secret_hash: String,
    pub create_time: i64,
    pub expire_time: Option<i64>,
    pub revoke_time: Option<i64>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ApiKey").field(&self.key_id).finish()
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantTable for Entity {
    fn tenant_column() -> Self::Column {
        Column::Tenant
    }
}

/// A key to be added.
pub(crate) struct New {
    pub(crate) key_id: String,
    pub(crate) owner: String,
    pub(crate) display_name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) secret_hash: String,
    pub(crate) create_time: i64,
    pub(crate) expire_time: Option<i64>,
}

/// The key, if it is there.
pub(crate) async fn find(scope: &impl Scope, key_id: &str) -> Result<Option<Model>, StoreError> {
    scope
        .find::<Entity>()
        .filter(Column::KeyId.eq(key_id))
        .one()
        .await
}

/// A page of a tenant's keys, newest first: ids are ordered by time.
pub(crate) async fn page(
    scope: &impl Scope,
    owner: &str,
    before: Option<&str>,
    limit: u64,
) -> Result<Vec<Model>, StoreError> {
    let mut rows = scope.find::<Entity>().filter(Column::Owner.eq(owner));
    if let Some(before) = before {
        rows = rows.filter(Column::KeyId.lt(before));
    }
    rows.order_by_desc(Column::KeyId).limit(limit).all().await
}

/// Adds a key.
pub(crate) async fn insert(tx: &mut Tx, key: New) -> Result<(), StoreError> {
    tx.insert(ActiveModel {
        key_id: Set(key.key_id),
        owner: Set(key.owner),
        display_name: Set(key.display_name),
        scopes: Set(key.scopes.join(" ")),
        secret_hash: Set(key.secret_hash),
        create_time: Set(key.create_time),
        expire_time: Set(key.expire_time),
        revoke_time: Set(None),
        ..Default::default()
    })
    .await
}

/// Says when a key was revoked, if it wasn't before.
pub(crate) async fn revoke(tx: &mut Tx, key_id: &str, time: i64) -> Result<u64, StoreError> {
    tx.update::<Entity>(
        ActiveModel {
            revoke_time: Set(Some(time)),
            ..Default::default()
        },
        Condition::all()
            .add(Column::KeyId.eq(key_id))
            .add(Column::RevokeTime.is_null()),
    )
    .await
}
