//! `line_terms`: on which terms each line was sold. Written once, never made stricter.

use postlude_store::{Scope, StoreError, Tx};
use prost::Message as _;
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{decode, tenant_table, units};
use crate::{
    convert::reason,
    domain::{
        policy::DecisionSource,
        terms::{LineTerms, Restocking, Terms},
    },
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "line_terms")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) tenant: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) order_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) line_id: String,
    pub(crate) window_days: i64,
    pub(crate) final_sale: bool,
    pub(crate) withdrawal_right: bool,
    /// Hundredths of a percent; 0 if the fee isn't a share.
    pub(crate) restocking_basis_points: i64,
    /// Minor units per unit; 0 if the fee isn't so much a piece.
    pub(crate) restocking_per_unit: i64,
    /// Minor units, once per return; the same on every line of the order.
    pub(crate) return_shipping_fee: i64,
    pub(crate) plugin_id: String,
    pub(crate) plugin_version: String,
    pub(crate) component_digest: String,
    pub(crate) policy_version: String,
    pub(crate) run_id: String,
    /// Encoded reasons.
    pub(crate) body: Vec<u8>,
}

tenant_table!();

#[derive(Clone, PartialEq, prost::Message)]
struct Body {
    #[prost(message, repeated, tag = "1")]
    reasons: Vec<postlude_proto::r#type::v1::Reason>,
}

/// The stored terms of an order; `None` if no line has any.
pub(crate) async fn find(scope: &impl Scope, order_id: &str) -> Result<Option<Terms>, StoreError> {
    let rows = scope
        .find::<Entity>()
        .filter(Column::OrderId.eq(order_id))
        .order_by_asc(Column::LineId)
        .all()
        .await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let return_shipping_fee = first.return_shipping_fee;
    let lines = rows
        .into_iter()
        .map(|row| {
            let body: Body = decode("line's terms", &row.body)?;
            Ok(LineTerms {
                line_id: row.line_id,
                window_days: units(row.window_days),
                final_sale: row.final_sale,
                withdrawal_right: row.withdrawal_right,
                restocking: match (row.restocking_basis_points, row.restocking_per_unit) {
                    (0, 0) => Restocking::Free,
                    (0, fee) => Restocking::PerUnit(fee),
                    (points, _) => Restocking::BasisPoints(units(points)),
                },
                reasons: body.reasons.into_iter().map(reason::parse).collect(),
            })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(Some(Terms {
        lines,
        return_shipping_fee,
    }))
}

/// Stores the terms of lines that have none.
pub(crate) async fn insert(
    tx: &mut Tx,
    order_id: &str,
    terms: &Terms,
    source: &DecisionSource,
) -> Result<(), StoreError> {
    let rows = terms
        .lines
        .iter()
        .map(|line| {
            let (points, per_unit) = match line.restocking {
                Restocking::Free => (0, 0),
                Restocking::BasisPoints(points) => (i64::from(points), 0),
                Restocking::PerUnit(fee) => (0, fee),
            };
            ActiveModel {
                tenant: Set(String::new()),
                order_id: Set(order_id.to_owned()),
                line_id: Set(line.line_id.clone()),
                window_days: Set(i64::from(line.window_days)),
                final_sale: Set(line.final_sale),
                withdrawal_right: Set(line.withdrawal_right),
                restocking_basis_points: Set(points),
                restocking_per_unit: Set(per_unit),
                return_shipping_fee: Set(terms.return_shipping_fee),
                plugin_id: Set(source.plugin_id.clone()),
                plugin_version: Set(source.plugin_version.clone()),
                component_digest: Set(source.component_digest.clone()),
                policy_version: Set(source.policy_version.clone()),
                run_id: Set(source.run_id.clone()),
                body: Set(Body {
                    reasons: line.reasons.iter().map(reason::message).collect(),
                }
                .encode_to_vec()),
            }
        })
        .collect();
    tx.insert_all(rows).await
}
