//! Orders: what lists and checks ask for as columns, the whole as an encoded message.

use std::collections::HashMap;

use postlude_kernel::Timestamp;
use postlude_proto::orders::v1 as pb;
use postlude_store::{Scope, StoreError, TenantTable, Tx};
use prost::Message as _;
use sea_orm::{ActiveValue::Set, Condition, entity::prelude::*};

use super::outbox;
use crate::{
    convert::order::{from_stored, to_stored},
    domain::{event::Changed, order::Order},
    error::Error,
};

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: String,
    pub customer_id: String,
    pub placed_time: i64,
    pub revision: i64,
    pub body: Vec<u8>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl TenantTable for Entity {
    fn tenant_column() -> Self::Column {
        Column::Tenant
    }
}

/// One order, if the tenant has it.
pub(crate) async fn find(scope: &impl Scope, order_id: &str) -> Result<Option<Order>, Error> {
    scope
        .find::<Entity>()
        .filter(Column::OrderId.eq(order_id))
        .one()
        .await?
        .map(read)
        .transpose()
}

/// One order.
///
/// # Errors
/// [`Error::OrderNotFound`] if the tenant has no such order.
pub(crate) async fn get(scope: &impl Scope, order_id: &str) -> Result<Order, Error> {
    find(scope, order_id)
        .await?
        .ok_or_else(|| Error::OrderNotFound(order_id.to_owned()))
}

/// Those of these orders that the tenant has, by their number.
pub(crate) async fn find_all(
    scope: &impl Scope,
    order_ids: Vec<String>,
) -> Result<HashMap<String, Order>, Error> {
    scope
        .find::<Entity>()
        .among(Column::OrderId, order_ids)
        .all()
        .await?
        .into_iter()
        .map(|row| Ok((row.order_id.clone(), read(row)?)))
        .collect()
}

/// Where a page of a list ends: the last order on it.
pub(crate) struct After {
    pub(crate) placed_time: Timestamp,
    pub(crate) order_id: String,
}

/// Orders newest first, of one customer or of all.
pub(crate) async fn page(
    scope: &impl Scope,
    customer_id: Option<&str>,
    after: Option<After>,
    limit: u64,
) -> Result<Vec<Order>, Error> {
    let mut condition = of_customer(customer_id);
    if let Some(After {
        placed_time,
        order_id,
    }) = after
    {
        let placed_time = placed_time.as_micros();
        let same_time = Condition::all()
            .add(Column::PlacedTime.eq(placed_time))
            .add(Column::OrderId.lt(order_id));
        condition = condition.add(
            Condition::any()
                .add(Column::PlacedTime.lt(placed_time))
                .add(same_time),
        );
    }
    scope
        .find::<Entity>()
        .filter(condition)
        .order_by_desc(Column::PlacedTime)
        .order_by_desc(Column::OrderId)
        .limit(limit)
        .all()
        .await?
        .into_iter()
        .map(read)
        .collect()
}

/// How many orders there are, of one customer or of all.
pub(crate) async fn count(
    scope: &impl Scope,
    customer_id: Option<&str>,
) -> Result<u64, StoreError> {
    scope
        .find::<Entity>()
        .filter(of_customer(customer_id))
        .count()
        .await
}

fn of_customer(customer_id: Option<&str>) -> Condition {
    match customer_id {
        Some(customer_id) => Condition::all().add(Column::CustomerId.eq(customer_id)),
        None => Condition::all(),
    }
}

/// Saves a change and tells its events. `seen` is the revision that the change was decided on;
/// none for a new order.
///
/// # Errors
/// [`StoreError::Conflict`] if somebody else changed the order since.
pub(crate) async fn save(
    tx: &mut Tx,
    seen: Option<i64>,
    changed: &Changed,
) -> Result<(), StoreError> {
    match seen {
        None => tx.insert(row(&changed.order)).await?,
        Some(seen) => replace(tx, seen, &changed.order).await?,
    }
    outbox::emit(tx, changed).await
}

/// Saves many changes as [`save`] does one; the new orders go in together.
pub(crate) async fn save_all(
    tx: &mut Tx,
    changes: &[(Option<i64>, Changed)],
) -> Result<(), StoreError> {
    let new: Vec<_> = changes
        .iter()
        .filter(|(seen, _)| seen.is_none())
        .map(|(_, changed)| row(&changed.order))
        .collect();
    if !new.is_empty() {
        tx.insert_all(new).await?;
    }
    for (seen, changed) in changes {
        if let Some(seen) = seen {
            replace(tx, *seen, &changed.order).await?;
        }
        outbox::emit(tx, changed).await?;
    }
    Ok(())
}

async fn replace(tx: &mut Tx, seen: i64, order: &Order) -> Result<(), StoreError> {
    let version = Condition::all()
        .add(Column::OrderId.eq(&order.content.order_id))
        .add(Column::Revision.eq(seen));
    tx.update_one::<Entity>(row(order), version).await
}

fn row(order: &Order) -> ActiveModel {
    ActiveModel {
        order_id: Set(order.content.order_id.clone()),
        customer_id: Set(order.content.customer_id.clone()),
        placed_time: Set(order.content.placed_time.as_micros()),
        revision: Set(order.revision),
        body: Set(to_stored(order).encode_to_vec()),
        ..Default::default()
    }
}

fn read(row: Model) -> Result<Order, Error> {
    let stored = pb::Order::decode(row.body.as_slice()).map_err(|source| Error::Corrupt {
        what: "order",
        source: Some(source),
    })?;
    from_stored(stored).map_err(|_| Error::Corrupt {
        what: "order",
        source: None,
    })
}
