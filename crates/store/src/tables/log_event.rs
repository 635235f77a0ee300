//! The embedded bus: every event, in the order of arrival.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log_event")]
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
    pub time: i64,
    pub traceparent: Option<String>,
    pub payload: Vec<u8>,
    pub appended_at: i64,
    /// A dead letter of it must not keep the payload.
    pub redacted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
