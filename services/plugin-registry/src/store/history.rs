//! `installation_history`: what was put into service, one row per plugin and generation. Never changes.

use postlude_proto::plugins::v1 as proto;
use postlude_store::{Scope, TenantTable, Tx};
use prost::Message as _;
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::{Error, convert, domain::Installation};

/// So many are looked at and shown.
const SHOWN: u64 = 20;

/// What was put into service.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "installation_history")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub plugin_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub generation: i64,
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

/// Keeps what is put into service.
pub(crate) async fn keep(tx: &mut Tx, one: &Installation) -> Result<(), Error> {
    let row = ActiveModel {
        plugin_id: Set(one.plugin_id.clone()),
        generation: Set(one.generation),
        revision: Set(one.revision),
        body: Set(convert::installation::to_proto(one).encode_to_vec()),
        ..Default::default()
    };
    Ok(tx.insert(row).await?)
}

/// What was put into service last, newest first.
pub(crate) async fn newest(
    scope: &impl Scope,
    plugin_id: &str,
) -> Result<Vec<Installation>, Error> {
    scope
        .find::<Entity>()
        .filter(Column::PluginId.eq(plugin_id))
        .order_by_desc(Column::Generation)
        .limit(SHOWN)
        .all()
        .await?
        .iter()
        .map(read)
        .collect()
}

/// One generation, if it was in service.
pub(crate) async fn one(
    scope: &impl Scope,
    plugin_id: &str,
    generation: i64,
) -> Result<Option<Installation>, Error> {
    scope
        .find::<Entity>()
        .filter(Column::PluginId.eq(plugin_id))
        .filter(Column::Generation.eq(generation))
        .one()
        .await?
        .as_ref()
        .map(read)
        .transpose()
}

fn read(row: &Model) -> Result<Installation, Error> {
    let body = proto::Installation::decode(row.body.as_slice())
        .map_err(|error| Error::Stored(format!("history of {}: {error}", row.plugin_id)))?;
    convert::installation::from_proto(body, row.revision)
}
