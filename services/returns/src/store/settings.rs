//! `return_settings`: how returns work for a tenant. The secret leaves this file only to sign.

use postlude_store::{Scope, StoreError, Tx};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::tenant_table;

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "return_settings")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: String,
    pub(crate) payment_endpoint: String,
    pub(crate) payment_endpoint_secret: String,
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
    pub(crate) revision: i64,
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
        revision: Set(settings.revision),
        ..Default::default()
    };
    if settings.revision == 1 {
        return tx.insert(row).await;
    }
    tx.update_one::<Entity>(row, Column::Revision.eq(settings.revision - 1))
        .await
}
