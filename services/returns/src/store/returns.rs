//! `return_request`: the returns.

use postlude_kernel::Timestamp;
use postlude_proto::returns::v1 as proto;
use postlude_store::{PageToken, Scope, StoreError, Tx};
use prost::Message as _;
use sea_orm::{ActiveValue::Set, Condition, entity::prelude::*};

use super::{decode, tenant_table, unreadable};
use crate::{convert::return_request as convert, domain::return_request::Return};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "return_request")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) return_id: String,
    pub(crate) order_id: String,
    pub(crate) customer_id: String,
    /// The header's state, by its number in the contract.
    pub(crate) state: i32,
    pub(crate) created_at: i64,
    pub(crate) version: i64,
    /// The encoded return.
    pub(crate) body: Vec<u8>,
}

tenant_table!();

/// Narrows a list of returns; empty means all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) order_id: String,
    pub(crate) state: i32,
}

/// A return by its id.
pub(crate) async fn find(
    scope: &impl Scope,
    return_id: &str,
) -> Result<Option<Return>, StoreError> {
    scope
        .find::<Entity>()
        .filter(Column::ReturnId.eq(return_id))
        .one()
        .await?
        .map(|row| parse(&row))
        .transpose()
}

/// A page of returns, newest first: at most `limit` after the token's place.
pub(crate) async fn page(
    scope: &impl Scope,
    filter: &Filter,
    after: Option<&PageToken>,
    limit: u64,
) -> Result<Vec<Return>, StoreError> {
    let mut rows = scope.find::<Entity>();
    if !filter.order_id.is_empty() {
        rows = rows.filter(Column::OrderId.eq(filter.order_id.as_str()));
    }
    if filter.state != 0 {
        rows = rows.filter(Column::State.eq(filter.state));
    }
    if let Some(token) = after {
        let (time, id) = (token.number(0)?, token.text(1)?);
        rows = rows.filter(
            Condition::any().add(Column::CreatedAt.lt(time)).add(
                Condition::all()
                    .add(Column::CreatedAt.eq(time))
                    .add(Column::ReturnId.lt(id)),
            ),
        );
    }
    rows.order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::ReturnId)
        .limit(limit)
        .all()
        .await?
        .iter()
        .map(parse)
        .collect()
}

/// A customer's returns since.
pub(crate) async fn of_customer(
    scope: &impl Scope,
    customer_id: &str,
    since: Timestamp,
) -> Result<Vec<Return>, StoreError> {
    scope
        .find::<Entity>()
        .filter(Column::CustomerId.eq(customer_id))
        .filter(Column::CreatedAt.gte(since.as_micros()))
        .all()
        .await?
        .iter()
        .map(parse)
        .collect()
}

/// Keeps a new return.
pub(crate) async fn insert(tx: &mut Tx, state: &Return) -> Result<(), StoreError> {
    let mut row = row(state);
    row.return_id = Set(state.return_id.clone());
    row.created_at = Set(state.created.as_micros());
    tx.insert(row).await
}

/// Saves a return over the version before.
///
/// # Errors
/// [`StoreError::Conflict`] if somebody else changed it since it was read.
pub(crate) async fn save(tx: &mut Tx, state: &Return) -> Result<(), StoreError> {
    let this = Condition::all()
        .add(Column::ReturnId.eq(state.return_id.as_str()))
        .add(Column::Version.eq(state.version - 1));
    tx.update_one::<Entity>(row(state), this).await
}

/// Puts the pseudonym in place of a customer and drops what they said; answers how many returns.
pub(crate) async fn pseudonymise(
    tx: &mut Tx,
    customer_id: &str,
    pseudonym: &str,
) -> Result<u64, StoreError> {
    let mut count = 0;
    for mut state in of_customer(tx, customer_id, Timestamp::from_micros(i64::MIN)).await? {
        pseudonym.clone_into(&mut state.customer_id);
        for line in &mut state.lines {
            line.comment.clear();
        }
        let this = Condition::all()
            .add(Column::ReturnId.eq(state.return_id.as_str()))
            .add(Column::Version.eq(state.version));
        tx.update_one::<Entity>(row(&state), this).await?;
        count += 1;
    }
    Ok(count)
}

fn row(state: &Return) -> ActiveModel {
    let message = convert::stored(state);
    ActiveModel {
        order_id: Set(state.order_id.clone()),
        customer_id: Set(state.customer_id.clone()),
        state: Set(message.state),
        version: Set(state.version),
        body: Set(message.encode_to_vec()),
        ..Default::default()
    }
}

fn parse(row: &Model) -> Result<Return, StoreError> {
    let message: proto::Return = decode("return", &row.body)?;
    convert::parse(message).map_err(|error| unreadable("return", error))
}
