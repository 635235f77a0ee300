//! The history of consents, one row per giving or withdrawal. Rows are added, never changed.

use postlude_kernel::Timestamp;
use postlude_store::{Scope, StoreError, TenantTable, Tx};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::{convert::words::Word as _, domain::consent::Consent, error::Error};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub consent_id: String,
    pub customer_id: String,
    pub channel: i32,
    pub purpose: i32,
    pub granted: bool,
    pub source: String,
    pub text_shown: String,
    pub occurred_time: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantTable for Entity {
    fn tenant_column() -> Self::Column {
        Column::Tenant
    }
}

/// A customer's whole history, in the order of its recording.
pub(super) async fn of_customer(
    scope: &impl Scope,
    customer_id: &str,
) -> Result<Vec<Consent>, Error> {
    scope
        .find::<Entity>()
        .filter(Column::CustomerId.eq(customer_id))
        .order_by_asc(Column::ConsentId)
        .all()
        .await?
        .into_iter()
        .map(|row| {
            read(row).ok_or(Error::Corrupt {
                what: "consent",
                source: None,
            })
        })
        .collect()
}

/// Adds to a customer's history.
pub(crate) async fn insert(
    tx: &mut Tx,
    consent_id: String,
    customer_id: &str,
    consent: &Consent,
) -> Result<(), StoreError> {
    tx.insert(ActiveModel {
        consent_id: Set(consent_id),
        customer_id: Set(customer_id.to_owned()),
        channel: Set(consent.channel.to_proto()),
        purpose: Set(consent.purpose.to_proto()),
        granted: Set(consent.granted),
        source: Set(consent.source.clone()),
        text_shown: Set(consent.text_shown.clone()),
        occurred_time: Set(consent.occurred_time.as_micros()),
        ..Default::default()
    })
    .await
}

/// Deletes a customer's history; answers how many rows it was.
pub(super) async fn delete(tx: &mut Tx, customer_id: &str) -> Result<u64, StoreError> {
    tx.delete::<Entity>(Column::CustomerId.eq(customer_id))
        .await
}

fn read(row: Model) -> Option<Consent> {
    use crate::domain::consent::{ConsentChannel, Purpose};
    Some(Consent {
        channel: ConsentChannel::from_proto(row.channel)?,
        purpose: Purpose::from_proto(row.purpose)?,
        granted: row.granted,
        source: row.source,
        text_shown: row.text_shown,
        occurred_time: Timestamp::from_micros(row.occurred_time),
    })
}
