//! Customers' personal data, apart from everything else.

use postlude_proto::orders::v1 as pb;
use postlude_store::{Scope, StoreError, TenantTable, Tx};
use prost::Message as _;
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::{
    convert::customer::{parse_profile, profile_to_proto},
    domain::customer::Profile,
    error::Error,
};

/// A row.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer_profiles")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: String,
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Model(personal)")
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

/// A customer's profile, if there is one.
pub(super) async fn find(scope: &impl Scope, customer_id: &str) -> Result<Option<Profile>, Error> {
    let row = scope
        .find::<Entity>()
        .filter(Column::CustomerId.eq(customer_id))
        .one()
        .await?;
    row.map(|row| {
        let stored =
            pb::Customer::decode(row.body.as_slice()).map_err(|source| Error::Corrupt {
                what: "profile",
                source: Some(source),
            })?;
        parse_profile(Some(stored)).map_err(|_| Error::Corrupt {
            what: "profile",
            source: None,
        })
    })
    .transpose()
}

/// Saves a profile over the one that is there.
pub(super) async fn save(tx: &mut Tx, profile: &Profile) -> Result<(), StoreError> {
    let row = ActiveModel {
        customer_id: Set(profile.customer_id.clone()),
        body: Set(profile_to_proto(profile).encode_to_vec()),
        ..Default::default()
    };
    tx.upsert(row, &[Column::Tenant, Column::CustomerId], &[Column::Body])
        .await
}

/// Deletes a profile; answers how many rows it was.
pub(super) async fn delete(tx: &mut Tx, customer_id: &str) -> Result<u64, StoreError> {
    tx.delete::<Entity>(Column::CustomerId.eq(customer_id))
        .await
}
