//! `installation`: what is, or was, in service. One row per tenant and plugin.

use postlude_proto::plugins::v1 as proto;
use postlude_store::{Scope, TenantTable, Tx};
use prost::Message as _;
use sea_orm::{ActiveValue::Set, Condition, entity::prelude::*};

use crate::{Error, convert, domain::Installation};

/// An installation.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "installation")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub plugin_id: String,
    pub revision: i64,
    /// The public `Installation`.
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

/// Saves the next revision; the first one is inserted.
pub(crate) async fn save(tx: &mut Tx, next: &Installation) -> Result<(), Error> {
    let body = convert::installation::to_proto(next).encode_to_vec();
    if next.revision == 1 {
        let row = ActiveModel {
            plugin_id: Set(next.plugin_id.clone()),
            revision: Set(1),
            body: Set(body),
            ..Default::default()
        };
        return Ok(tx.insert(row).await?);
    }
    let row = ActiveModel {
        revision: Set(next.revision),
        body: Set(body),
        ..Default::default()
    };
    let read = Condition::all()
        .add(Column::PluginId.eq(next.plugin_id.as_str()))
        .add(Column::Revision.eq(next.revision - 1));
    Ok(tx.update_one::<Entity>(row, read).await?)
}

/// Every installation of the tenant: a handful.
pub(crate) async fn all(scope: &impl Scope) -> Result<Vec<Installation>, Error> {
    scope
        .find::<Entity>()
        .order_by_asc(Column::PluginId)
        .all()
        .await?
        .into_iter()
        .map(|row| {
            let body = proto::Installation::decode(row.body.as_slice()).map_err(|error| {
                Error::Stored(format!("installation {}: {error}", row.plugin_id))
            })?;
            convert::installation::from_proto(body, row.revision)
        })
        .collect()
}
