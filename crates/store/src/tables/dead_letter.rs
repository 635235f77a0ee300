//! The embedded bus: deliveries that were given up.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log_dead_letter")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub consumer: String,
    pub seq: i64,
    pub event_id: String,
    pub tenant: String,
    pub domain: String,
    pub name: String,
    pub r#type: String,
    pub subject: String,
    pub revision: i64,
    pub time: i64,
    pub traceparent: Option<String>,
    pub payload: Vec<u8>,
    pub attempts: i32,
    pub reason: String,
    pub died_at: i64,
    pub redacted: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
