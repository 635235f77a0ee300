//! Erasures: a request, who has acknowledged, the receipt. Keeps the customer's salted hash, never
//! their number.

use postlude_kernel::Timestamp;
use postlude_store::{Scope, StoreError, TenantTable, Tx};
use sea_orm::{ActiveValue::Set, Condition, entity::prelude::*};

use super::erasure_participants;
use crate::{domain::erasure::Erasure, error::Error};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "erasures")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub erasure_id: String,
    /// Salted hash of the customer's number; unique.
    pub customer: String,
    pub pseudonym: String,
    pub request_time: i64,
    pub complete_time: Option<i64>,
    /// Counts the changes, so that two acknowledgements at once don't lose one another.
    pub version: i64,
    /// Rows that the request itself took away.
    pub erased_count: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantTable for Entity {
    fn tenant_column() -> Self::Column {
        Column::Tenant
    }
}

/// An erasure as it was loaded.
pub(crate) struct Found {
    pub(crate) erasure: Erasure,
    /// Rows that the request itself took away.
    pub(crate) erased_count: i64,
    version: i64,
}

/// One erasure.
///
/// # Errors
/// [`Error::ErasureNotFound`] if the tenant has no such erasure.
pub(crate) async fn get(scope: &impl Scope, erasure_id: &str) -> Result<Found, Error> {
    let row = scope
        .find::<Entity>()
        .filter(Column::ErasureId.eq(erasure_id))
        .one()
        .await?
        .ok_or_else(|| Error::ErasureNotFound(erasure_id.to_owned()))?;
    Ok(read(scope, row).await?)
}

/// The erasure of a customer, if it was asked for before.
pub(crate) async fn of_customer(tx: &Tx, customer_id: &str) -> Result<Option<Erasure>, Error> {
    let customer = customer_hash(tx, customer_id).await?;
    let row = tx
        .find::<Entity>()
        .filter(Column::Customer.eq(customer))
        .one()
        .await?;
    match row {
        Some(row) => Ok(Some(read(tx, row).await?.erasure)),
        None => Ok(None),
    }
}

/// Adds an erasure with its participants.
///
/// # Errors
/// [`StoreError::Conflict`] if the customer's erasure was asked for at the same time.
pub(crate) async fn insert(
    tx: &mut Tx,
    customer_id: &str,
    erasure: &Erasure,
    erased_count: i64,
) -> Result<(), StoreError> {
    let customer = customer_hash(tx, customer_id).await?;
    tx.insert(ActiveModel {
        erasure_id: Set(erasure.erasure_id.clone()),
        customer: Set(customer),
        pseudonym: Set(erasure.pseudonym.clone()),
        request_time: Set(erasure.request_time.as_micros()),
        complete_time: Set(erasure.complete_time.map(Timestamp::as_micros)),
        version: Set(1),
        erased_count: Set(erased_count),
        ..Default::default()
    })
    .await?;
    erasure_participants::save_all(tx, erasure).await
}

/// Saves what has become of an erasure since it was loaded.
///
/// # Errors
/// [`StoreError::Conflict`] if somebody else changed it since.
pub(crate) async fn save(tx: &mut Tx, seen: &Found, erasure: &Erasure) -> Result<(), StoreError> {
    let row = ActiveModel {
        complete_time: Set(erasure.complete_time.map(Timestamp::as_micros)),
        version: Set(seen.version.saturating_add(1)),
        ..Default::default()
    };
    let version = Condition::all()
        .add(Column::ErasureId.eq(&erasure.erasure_id))
        .add(Column::Version.eq(seen.version));
    tx.update_one::<Entity>(row, version).await?;
    erasure_participants::save_all(tx, erasure).await
}

async fn read(scope: &impl Scope, row: Model) -> Result<Found, StoreError> {
    let participants = erasure_participants::of_erasure(scope, &row.erasure_id).await?;
    Ok(Found {
        erasure: Erasure {
            erasure_id: row.erasure_id,
            pseudonym: row.pseudonym,
            participants,
            request_time: Timestamp::from_micros(row.request_time),
            complete_time: row.complete_time.map(Timestamp::from_micros),
        },
        erased_count: row.erased_count,
        version: row.version,
    })
}

async fn customer_hash(tx: &Tx, customer_id: &str) -> Result<String, StoreError> {
    tx.fingerprint(&format!("customer:{customer_id}")).await
}
