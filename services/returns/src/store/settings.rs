//! `return_settings`: how returns work for a tenant. The secret leaves this file only to sign.

use postlude_store::{Scope, StoreError, Tx};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::tenant_table;

/// Two weeks: as long as any other return has to be sent.
const INSTANT_EXCHANGE_DAYS: u32 = 14;

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "return_settings")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: String,
    pub(crate) payment_endpoint: String,
    pub(crate) payment_endpoint_secret: String,
    pub(crate) store_credit_bonus: i64,
    pub(crate) instant_exchange_days: i64,
    pub(crate) revision: i64,
}

tenant_table!();

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("tenant", &self.tenant)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// A tenant's settings; revision 0 while nothing was ever set.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) payment_endpoint: String,
    pub(crate) payment_endpoint_secret: String,
    /// What store credit gets on top, in basis points.
    pub(crate) store_credit_bonus: u32,
    /// Days that the goods of an instant exchange have to come back; 0 means the default.
    pub(crate) instant_exchange_days: u32,
    pub(crate) revision: i64,
}

impl Settings {
    /// Days that the goods of an instant exchange have to come back.
    pub(crate) const fn exchange_days(&self) -> u32 {
        match self.instant_exchange_days {
            0 => INSTANT_EXCHANGE_DAYS,
            days => days,
        }
    }
}

/// The tenant's settings.
pub(crate) async fn find(scope: &impl Scope) -> Result<Settings, StoreError> {
    Ok(scope
        .find::<Entity>()
        .one()
        .await?
        .map(|row| Settings {
            payment_endpoint: row.payment_endpoint,
            payment_endpoint_secret: row.payment_endpoint_secret,
            store_credit_bonus: u32::try_from(row.store_credit_bonus).unwrap_or_default(),
            instant_exchange_days: u32::try_from(row.instant_exchange_days).unwrap_or_default(),
            revision: row.revision,
        })
        .unwrap_or_default())
}

/// Saves settings over those with the revision before.
///
/// # Errors
/// [`StoreError::Conflict`] if somebody else changed them since they were read.
pub(crate) async fn save(tx: &mut Tx, settings: &Settings) -> Result<(), StoreError> {
    let row = ActiveModel {
        payment_endpoint: Set(settings.payment_endpoint.clone()),
        payment_endpoint_secret: Set(settings.payment_endpoint_secret.clone()),
        store_credit_bonus: Set(i64::from(settings.store_credit_bonus)),
        instant_exchange_days: Set(i64::from(settings.instant_exchange_days)),
        revision: Set(settings.revision),
        ..Default::default()
    };
    if settings.revision == 1 {
        return tx.insert(row).await;
    }
    tx.update_one::<Entity>(row, Column::Revision.eq(settings.revision - 1))
        .await
}
