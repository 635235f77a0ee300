//! `claim`: the claims.

use postlude_proto::returns::v1 as proto;
use postlude_store::{PageToken, Scope, StoreError, Tx};
use prost::Message as _;
use sea_orm::{ActiveValue::Set, Condition, ExprTrait as _, entity::prelude::*};

use super::{decode, tenant_table, unreadable};
use crate::{convert::claim as convert, domain::claim::Claim};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "claim")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) claim_id: String,
    pub(crate) order_id: String,
    pub(crate) customer_id: String,
    /// By its number in the contract.
    pub(crate) state: i32,
    pub(crate) created_at: i64,
    pub(crate) revision: i64,
    /// The encoded claim.
    pub(crate) body: Vec<u8>,
}

tenant_table!();

/// A claim by its id.
pub(crate) async fn find(scope: &impl Scope, claim_id: &str) -> Result<Option<Claim>, StoreError> {
    scope
        .find::<Entity>()
        .filter(Column::ClaimId.eq(claim_id))
        .one()
        .await?
        .map(|row| parse(&row))
        .transpose()
}

/// A page of claims, newest first: at most `limit` after the token's place. An empty order, and the
/// state 0, are any.
pub(crate) async fn page(
    scope: &impl Scope,
    order_id: &str,
    state: i32,
    after: Option<&PageToken>,
    limit: u64,
) -> Result<Vec<Claim>, StoreError> {
    let mut wanted = Condition::all();
    if !order_id.is_empty() {
        wanted = wanted.add(Column::OrderId.eq(order_id));
    }
    if state != 0 {
        wanted = wanted.add(Column::State.eq(state));
    }
    if let Some(token) = after {
        let (time, id) = (token.number(0)?, token.text(1)?);
        let same_time = Column::CreatedAt.eq(time).and(Column::ClaimId.lt(id));
        wanted = wanted.add(Column::CreatedAt.lt(time).or(same_time));
    }
    scope
        .find::<Entity>()
        .filter(wanted)
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::ClaimId)
        .limit(limit)
        .all()
        .await?
        .iter()
        .map(parse)
        .collect()
}

/// Keeps a new claim.
pub(crate) async fn insert(tx: &mut Tx, claim: &Claim) -> Result<(), StoreError> {
    let mut row = row(claim);
    row.claim_id = Set(claim.claim_id.clone());
    row.created_at = Set(claim.created.as_micros());
    tx.insert(row).await
}

/// Saves a claim over the revision before.
///
/// # Errors
/// [`StoreError::Conflict`] if somebody else changed it since it was read.
pub(crate) async fn save(tx: &mut Tx, claim: &Claim) -> Result<(), StoreError> {
    replace(tx, claim, claim.revision - 1).await
}

/// Puts the pseudonym in place of a customer and drops what they said; answers how many claims.
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
    for row in &rows {
        let mut claim = parse(row)?;
        pseudonym.clone_into(&mut claim.customer_id);
        claim.description.clear();
        claim.evidence.clear();
        replace(tx, &claim, claim.revision).await?;
        count += 1;
    }
    Ok(count)
}

async fn replace(tx: &mut Tx, claim: &Claim, revision: i64) -> Result<(), StoreError> {
    let this = Condition::all()
        .add(Column::ClaimId.eq(claim.claim_id.as_str()))
        .add(Column::Revision.eq(revision));
    tx.update_one::<Entity>(row(claim), this).await
}

fn row(claim: &Claim) -> ActiveModel {
    let message = convert::stored(claim);
    ActiveModel {
        order_id: Set(claim.order_id.clone()),
        customer_id: Set(claim.customer_id.clone()),
        state: Set(message.state),
        revision: Set(claim.revision),
        body: Set(message.encode_to_vec()),
        ..Default::default()
    }
}

fn parse(row: &Model) -> Result<Claim, StoreError> {
    let message: proto::Claim = decode("claim", &row.body)?;
    convert::parse(message).map_err(|error| unreadable("claim", error))
}
