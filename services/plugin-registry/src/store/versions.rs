//! `plugin_version`: what was uploaded. A row never changes.

use postlude_proto::plugins::v1::PluginVersion;
use postlude_store::{Scope, TenantTable, Tx};
use prost::Message as _;
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::{
    Error,
    domain::{FaultAction, Version},
};

/// A version of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "plugin_version")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub plugin_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: String,
    /// Sorts as versions do.
    pub rank: String,
    pub bundle_digest: String,
    pub fault_action: String,
    /// The public `PluginVersion`.
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

/// A version as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// What the world sees.
    pub(crate) public: PluginVersion,
    /// Digest of the whole bundle.
    pub(crate) bundle_digest: String,
    /// What its author wants done when it fails.
    pub(crate) fault_action: FaultAction,
}

impl TryFrom<Model> for Stored {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let broken =
            |what: String| Error::Stored(format!("plugin_version {}: {what}", row.plugin_id));
        Ok(Self {
            public: PluginVersion::decode(row.body.as_slice())
                .map_err(|error| broken(error.to_string()))?,
            fault_action: FaultAction::parse(&row.fault_action)
                .ok_or_else(|| broken(format!("fault action {}", row.fault_action)))?,
            bundle_digest: row.bundle_digest,
        })
    }
}

/// Keeps a version.
pub(crate) async fn insert(tx: &mut Tx, version: Version, stored: &Stored) -> Result<(), Error> {
    let row = ActiveModel {
        plugin_id: Set(stored.public.plugin_id.clone()),
        version: Set(version.to_string()),
        rank: Set(version.rank()),
        bundle_digest: Set(stored.bundle_digest.clone()),
        fault_action: Set(stored.fault_action.name().to_owned()),
        body: Set(stored.public.encode_to_vec()),
        ..Default::default()
    };
    Ok(tx.insert(row).await?)
}

/// One version.
pub(crate) async fn one(
    scope: &impl Scope,
    plugin_id: &str,
    version: &str,
) -> Result<Option<Stored>, Error> {
    scope
        .find::<Entity>()
        .filter(Column::PluginId.eq(plugin_id))
        .filter(Column::Version.eq(version))
        .one()
        .await?
        .map(Stored::try_from)
        .transpose()
}

/// The versions of some plugins, newest first.
pub(crate) async fn of(scope: &impl Scope, plugin_ids: &[String]) -> Result<Vec<Stored>, Error> {
    scope
        .find::<Entity>()
        .among(Column::PluginId, plugin_ids.iter().map(String::as_str))
        .order_by_asc(Column::PluginId)
        .order_by_desc(Column::Rank)
        .all()
        .await?
        .into_iter()
        .map(Stored::try_from)
        .collect()
}
