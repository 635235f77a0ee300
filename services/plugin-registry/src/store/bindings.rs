//! `binding`: what answers each hook of each tenant. All rows are the platform's own.

use std::collections::BTreeMap;

use postlude_kernel::TenantId;
use postlude_proto::plugins::v1::Binding;
use postlude_store::{Scope, StoreError, TenantTable, Tx};
use prost::Message as _;
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::{
    Error, convert,
    domain::{Hook, Installation, State},
};

/// A binding.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "binding")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub hook: String,
    /// The tenant whose hook it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub bound_tenant: String,
    /// The public `Binding`.
    pub body: Vec<u8>,
}

#[derive(Debug, Clone, Copy, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantTable for Entity {
    fn tenant_column() -> Column {
        Column::Tenant
    }
}

/// Makes the bindings of `tenant` what its installations say, each with what answered before it where
/// that is known. `tx` is the platform's.
pub(crate) async fn replace(
    tx: &mut Tx,
    tenant: &TenantId,
    installations: &[Installation],
    before: &BTreeMap<String, Installation>,
) -> Result<(), StoreError> {
    tx.delete::<Entity>(Column::BoundTenant.eq(tenant.as_str()))
        .await?;
    let active = installations
        .iter()
        .filter(|one| one.state == State::Active);
    for installation in active {
        for hook in &installation.hooks {
            let before = before
                .get(&installation.plugin_id)
                .filter(|one| one.hooks.contains(hook));
            let binding = convert::installation::binding(tenant, *hook, installation, before);
            let row = ActiveModel {
                hook: Set(hook.name().to_owned()),
                bound_tenant: Set(tenant.as_str().to_owned()),
                body: Set(binding.encode_to_vec()),
                ..Default::default()
            };
            tx.insert(row).await?;
        }
    }
    Ok(())
}

/// Every tenant's binding of a hook. `scope` is the platform's.
pub(crate) async fn of_hook(scope: &impl Scope, hook: Hook) -> Result<Vec<Binding>, Error> {
    scope
        .find::<Entity>()
        .filter(Column::Hook.eq(hook.name()))
        .order_by_asc(Column::BoundTenant)
        .all()
        .await?
        .into_iter()
        .map(|row| {
            Binding::decode(row.body.as_slice())
                .map_err(|error| Error::Stored(format!("binding of {}: {error}", row.bound_tenant)))
        })
        .collect()
}
