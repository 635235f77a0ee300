//! `return_run`: runs of the policy that decided something, kept so that they can be explained.

use postlude_kernel::Timestamp;
use postlude_proto::runs::v1 as proto;
use postlude_store::{PageToken, Scope, StoreError, Tx};
use prost::Message as _;
use sea_orm::{ActiveValue::Set, Condition, entity::prelude::*};

use super::{decode, tenant_table};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "return_run")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) run_id: String,
    pub(crate) hook: String,
    pub(crate) subject: String,
    pub(crate) customer_id: String,
    pub(crate) run_at: i64,
    /// Whether input and output are gone with the customer.
    pub(crate) erased: bool,
    /// The encoded run.
    pub(crate) body: Vec<u8>,
}

tenant_table!();

/// A kept run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) run: proto::Run,
    pub(crate) erased: bool,
}

/// A run by its id.
pub(crate) async fn find(scope: &impl Scope, run_id: &str) -> Result<Option<Stored>, StoreError> {
    scope
        .find::<Entity>()
        .filter(Column::RunId.eq(run_id))
        .one()
        .await?
        .map(stored)
        .transpose()
}

/// A page of runs of a hook, newest first: at most `limit` after the token's place.
pub(crate) async fn page(
    scope: &impl Scope,
    hook: &str,
    subject: &str,
    after: Option<&PageToken>,
    limit: u64,
) -> Result<Vec<Stored>, StoreError> {
    let mut rows = scope.find::<Entity>().filter(Column::Hook.eq(hook));
    if !subject.is_empty() {
        rows = rows.filter(Column::Subject.eq(subject));
    }
    if let Some(token) = after {
        let (time, id) = (token.number(0)?, token.text(1)?);
        rows = rows.filter(
            Condition::any().add(Column::RunAt.lt(time)).add(
                Condition::all()
                    .add(Column::RunAt.eq(time))
                    .add(Column::RunId.lt(id)),
            ),
        );
    }
    rows.order_by_desc(Column::RunAt)
        .order_by_desc(Column::RunId)
        .limit(limit)
        .all()
        .await?
        .into_iter()
        .map(stored)
        .collect()
}

/// Keeps a run with the decision that it led to.
pub(crate) async fn insert(
    tx: &mut Tx,
    run: &proto::Run,
    run_time: Timestamp,
    customer_id: &str,
) -> Result<(), StoreError> {
    tx.insert(ActiveModel {
        run_id: Set(run.run_id.clone()),
        hook: Set(run.hook.clone()),
        subject: Set(run.subject.clone()),
        customer_id: Set(customer_id.to_owned()),
        run_at: Set(run_time.as_micros()),
        erased: Set(false),
        body: Set(run.encode_to_vec()),
        ..Default::default()
    })
    .await
}

/// Takes the content out of a customer's runs; answers how many.
pub(crate) async fn erase(
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
        let mut run: proto::Run = decode("run", &row.body)?;
        run.input.clear();
        run.output.clear();
        run.input_json.clear();
        run.output_json.clear();
        run.logs.clear();
        run.fault_message.clear();
        let change = ActiveModel {
            customer_id: Set(pseudonym.to_owned()),
            erased: Set(true),
            body: Set(run.encode_to_vec()),
            ..Default::default()
        };
        count += tx
            .update::<Entity>(change, Column::RunId.eq(row.run_id))
            .await?;
    }
    Ok(count)
}

fn stored(row: Model) -> Result<Stored, StoreError> {
    Ok(Stored {
        run: decode("run", &row.body)?,
        erased: row.erased,
    })
}
