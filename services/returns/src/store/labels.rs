//! `return_label`: the bytes of a label. What else is known of it stands in the return.

use postlude_store::{Scope, StoreError, Tx};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::tenant_table;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "return_label")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) label_id: String,
    pub(crate) content: Vec<u8>,
}

tenant_table!();

/// The bytes of a label.
pub(crate) async fn content(
    scope: &impl Scope,
    label_id: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(scope
        .find::<Entity>()
        .filter(Column::LabelId.eq(label_id))
        .one()
        .await?
        .map(|row| row.content))
}

/// Keeps the bytes of a label.
pub(crate) async fn insert(tx: &mut Tx, label_id: &str, content: &[u8]) -> Result<(), StoreError> {
    tx.insert(ActiveModel {
        label_id: Set(label_id.to_owned()),
        content: Set(content.to_vec()),
        ..Default::default()
    })
    .await
}
