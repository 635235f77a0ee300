//! What every change of a return does in its transaction: the row, the units that are given back, the
//! events.

use postlude_proto::returns::v1 as proto;
use postlude_store::{Scope, Tx};

use crate::{
    convert::{event, return_request as convert},
    domain::return_request::Decided,
    error::Error,
    store::{refunds, returnable_lines, returns},
};

/// Saves what a command has led to; what it didn't change isn't saved.
///
/// # Errors
/// `CONCURRENT_CHANGE` if somebody else changed the return since it was read.
pub(crate) async fn changed(tx: &mut Tx, decided: &Decided) -> Result<(), Error> {
    if !decided.changed {
        return Ok(());
    }
    let state = &decided.state;
    tx.about(&state.customer_id);
    returns::save(tx, state).await?;
    if !decided.released.is_empty() {
        let before = returnable_lines::of_order(tx, &state.order_id).await?;
        let mut after = before.clone();
        for limit in &mut after {
            if let Some(units) = decided.released.get(&limit.line_id) {
                limit.release(*units);
            }
        }
        returnable_lines::save(tx, &state.order_id, &before, &after).await?;
    }
    event::emit(tx, state, &decided.events).await?;
    Ok(())
}

/// A return as a reply shows it: with how often each refund was asked for.
///
/// # Errors
/// The database's.
pub(crate) async fn reply(
    scope: &impl Scope,
    state: &crate::domain::return_request::Return,
) -> Result<proto::Return, Error> {
    let mut message = convert::public(state);
    if message.refunds.is_empty() {
        return Ok(message);
    }
    let known = refunds::of_return(scope, &state.return_id).await?;
    for refund in &mut message.refunds {
        if let Some(known) = known
            .iter()
            .find(|known| known.refund_id == refund.refund_id)
        {
            refund.attempt_count = i32::try_from(known.attempt_count).unwrap_or(i32::MAX);
            if refund.failure.is_empty() {
                refund.failure.clone_from(&known.last_failure);
            }
        }
    }
    Ok(message)
}
