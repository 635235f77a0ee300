//! `quote`: an answer that holds for a while, with the request that it answers.

use postlude_kernel::Timestamp;
use postlude_proto::returns::v1 as proto;
use postlude_store::{Scope, StoreError, Tx};
use prost::Message as _;
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{decode, tenant_table};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quote")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) quote_id: String,
    pub(crate) order_id: String,
    pub(crate) customer_id: String,
    pub(crate) expires_at: i64,
    pub(crate) facts_digest: String,
    /// The encoded request.
    pub(crate) request: Vec<u8>,
    /// The encoded quote.
    pub(crate) body: Vec<u8>,
}

tenant_table!();

/// A quote with what it answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) quote: proto::Quote,
    pub(crate) request: proto::QuoteReturnRequest,
    pub(crate) expires: Timestamp,
    pub(crate) facts_digest: String,
}

/// A quote by its id.
pub(crate) async fn find(scope: &impl Scope, quote_id: &str) -> Result<Option<Stored>, StoreError> {
    let row = scope
        .find::<Entity>()
        .filter(Column::QuoteId.eq(quote_id))
        .one()
        .await?;
    row.map(|row| {
        Ok(Stored {
            quote: decode("quote", &row.body)?,
            request: decode("quote's request", &row.request)?,
            expires: Timestamp::from_micros(row.expires_at),
            facts_digest: row.facts_digest,
        })
    })
    .transpose()
}

/// Keeps a quote.
pub(crate) async fn insert(
    tx: &mut Tx,
    stored: &Stored,
    customer_id: &str,
) -> Result<(), StoreError> {
    tx.insert(ActiveModel {
        quote_id: Set(stored.quote.quote_id.clone()),
        order_id: Set(stored.quote.order_id.clone()),
        customer_id: Set(customer_id.to_owned()),
        expires_at: Set(stored.expires.as_micros()),
        facts_digest: Set(stored.facts_digest.clone()),
        request: Set(stored.request.encode_to_vec()),
        body: Set(stored.quote.encode_to_vec()),
        ..Default::default()
    })
    .await
}

/// Takes a customer's quotes away; answers how many.
pub(crate) async fn erase(tx: &mut Tx, customer_id: &str) -> Result<u64, StoreError> {
    tx.delete::<Entity>(Column::CustomerId.eq(customer_id))
        .await
}
