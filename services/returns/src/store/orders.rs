//! `order_snapshot`: the order as orders told it last.

use postlude_kernel::Timestamp;
use postlude_proto::orders::v1 as proto;
use postlude_store::{Scope, StoreError, Tx};
use prost::Message as _;
use sea_orm::{ActiveValue::Set, Condition, entity::prelude::*};

use super::{decode, tenant_table};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_snapshot")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) order_id: String,
    pub(crate) customer_id: String,
    pub(crate) placed_at: i64,
    pub(crate) revision: i64,
    pub(crate) body: Vec<u8>,
}

tenant_table!();

/// The stored order.
pub(crate) async fn find(
    scope: &impl Scope,
    order_id: &str,
) -> Result<Option<proto::Order>, StoreError> {
    scope
        .find::<Entity>()
        .filter(Column::OrderId.eq(order_id))
        .one()
        .await?
        .map(|row| decode("order", &row.body))
        .transpose()
}

/// Puts a newer order in place of the one with revision `before`, or inserts it.
pub(crate) async fn save(
    tx: &mut Tx,
    order: &proto::Order,
    placed: Timestamp,
    before: Option<i64>,
) -> Result<(), StoreError> {
    let row = ActiveModel {
        order_id: Set(order.order_id.clone()),
        customer_id: Set(order.customer_id.clone()),
        placed_at: Set(placed.as_micros()),
        revision: Set(order.revision),
        body: Set(order.encode_to_vec()),
        ..Default::default()
    };
    match before {
        None => tx.insert(row).await,
        Some(before) => {
            let this = Condition::all()
                .add(Column::OrderId.eq(order.order_id.as_str()))
                .add(Column::Revision.eq(before));
            tx.update_one::<Entity>(row, this).await
        }
    }
}

/// Orders that a customer has placed since.
pub(crate) async fn count_of(
    scope: &impl Scope,
    customer_id: &str,
    since: Timestamp,
) -> Result<u64, StoreError> {
    scope
        .find::<Entity>()
        .filter(Column::CustomerId.eq(customer_id))
        .filter(Column::PlacedAt.gte(since.as_micros()))
        .count()
        .await
}

/// Puts the pseudonym in place of a customer; answers how many orders.
pub(crate) async fn pseudonymise(
    tx: &mut Tx,
    customer_id: &str,
    pseudonym: &str,
) -> Result<u64, StoreError> {
    let rows = tx
        .find::<Entity>()
        .filter(Column::CustomerId.eq(customer_id))
        .all()
        .await?;
    let mut count = 0;
    for row in rows {
        let mut order: proto::Order = decode("order", &row.body)?;
        pseudonym.clone_into(&mut order.customer_id);
        let change = ActiveModel {
            customer_id: Set(pseudonym.to_owned()),
            body: Set(order.encode_to_vec()),
            ..Default::default()
        };
        count += tx
            .update::<Entity>(change, Column::OrderId.eq(row.order_id))
            .await?;
    }
    Ok(count)
}
