//! Events that were committed: waiting for the relay, then kept for a replay.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "store_outbox")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub seq: i64,
    pub id: String,
    pub tenant: String,
    pub domain: String,
    pub name: String,
    pub r#type: String,
    pub subject: String,
    pub revision: i64,
    pub traceparent: Option<String>,
    pub payload: Vec<u8>,
    pub created_at: i64,
    pub published_at: Option<i64>,
    /// Hashes of the customers that it is about, each between bars; empty for none.
    pub customers: String,
    /// The payload goes as soon as it has been published.
    pub redacted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
