//! Each service's part in an erasure.

use postlude_kernel::Timestamp;
use postlude_store::{Scope, StoreError, TenantTable, Tx};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::domain::erasure::{Done, Erasure, Participant};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "erasure_participants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub erasure_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub service: String,
    pub complete_time: Option<i64>,
    pub erased_count: i64,
    pub kept_count: i64,
    pub kept_because: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantTable for Entity {
    fn tenant_column() -> Self::Column {
        Column::Tenant
    }
}

/// The participants of an erasure, by name.
pub(super) async fn of_erasure(
    scope: &impl Scope,
    erasure_id: &str,
) -> Result<Vec<Participant>, StoreError> {
    let rows = scope
        .find::<Entity>()
        .filter(Column::ErasureId.eq(erasure_id))
        .order_by_asc(Column::Service)
        .all()
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Participant {
            service: row.service,
            done: row.complete_time.map(|time| Done {
                complete_time: Timestamp::from_micros(time),
                erased_count: row.erased_count,
                kept_count: row.kept_count,
                kept_because: row.kept_because,
            }),
        })
        .collect())
}

/// Saves every participant of an erasure.
pub(super) async fn save_all(tx: &mut Tx, erasure: &Erasure) -> Result<(), StoreError> {
    for Participant { service, done } in &erasure.participants {
        let done = done.as_ref();
        let row = ActiveModel {
            erasure_id: Set(erasure.erasure_id.clone()),
            service: Set(service.clone()),
            complete_time: Set(done.map(|done| done.complete_time.as_micros())),
            erased_count: Set(done.map_or(0, |done| done.erased_count)),
            kept_count: Set(done.map_or(0, |done| done.kept_count)),
            kept_because: Set(done.map_or_else(String::new, |done| done.kept_because.clone())),
            ..Default::default()
        };
        tx.upsert(
            row,
            &[Column::Tenant, Column::ErasureId, Column::Service],
            &[
                Column::CompleteTime,
                Column::ErasedCount,
                Column::KeptCount,
                Column::KeptBecause,
            ],
        )
        .await?;
    }
    Ok(())
}
