//! What the domain says has happened → the messages that tell of it.

use postlude_proto::returns::v1 as proto;
use postlude_store::{StoreError, Tx};

use super::{count_message, return_request as convert};
use crate::domain::return_request::{Event, Return};

/// Tells what has happened to a return, under its new revision.
pub(crate) async fn emit(tx: &mut Tx, state: &Return, events: &[Event]) -> Result<(), StoreError> {
    for event in events {
        emit_one(tx, state, event).await?;
    }
    Ok(())
}

async fn emit_one(tx: &mut Tx, state: &Return, event: &Event) -> Result<(), StoreError> {
    let id = state.return_id.as_str();
    let revision = state.revision;
    let r#return = Some(convert::public(state));
    let refund = |refund_id: &str| state.refund(refund_id).map(convert::refund);
    match event {
        Event::Created => {
            let event = proto::ReturnCreated { r#return };
            tx.emit(id, revision, &event).await
        }
        Event::Approved => {
            let event = proto::ReturnApproved { r#return };
            tx.emit(id, revision, &event).await
        }
        Event::Declined => {
            let event = proto::ReturnDeclined { r#return };
            tx.emit(id, revision, &event).await
        }
        Event::NeedsReview => {
            let event = proto::ReturnNeedsReview { r#return };
            tx.emit(id, revision, &event).await
        }
        Event::LabelIssued => {
            let event = proto::LabelIssued { r#return };
            tx.emit(id, revision, &event).await
        }
        Event::InTransit => {
            let event = proto::ReturnInTransit { r#return };
            tx.emit(id, revision, &event).await
        }
        Event::Received(lines) => {
            let lines = lines
                .iter()
                .map(|(return_line_id, quantity)| proto::ReceivedLine {
                    return_line_id: return_line_id.clone(),
                    quantity: count_message(*quantity),
                })
                .collect();
            let event = proto::ReturnReceived { r#return, lines };
            tx.emit(id, revision, &event).await
        }
        Event::Inspected(lines) => {
            let event = proto::ReturnInspected {
                r#return,
                return_line_ids: lines.clone(),
            };
            tx.emit(id, revision, &event).await
        }
        Event::LineRejected(line) => {
            let event = proto::ReturnLineRejected {
                r#return,
                return_line_id: line.clone(),
            };
            tx.emit(id, revision, &event).await
        }
        Event::LineExpired(line) => {
            let event = proto::ReturnLineExpired {
                r#return,
                return_line_id: line.clone(),
            };
            tx.emit(id, revision, &event).await
        }
        Event::LineLost(line) => {
            let event = proto::ReturnLineLost {
                r#return,
                return_line_id: line.clone(),
            };
            tx.emit(id, revision, &event).await
        }
        Event::Cancelled => {
            let event = proto::ReturnCancelled { r#return };
            tx.emit(id, revision, &event).await
        }
        Event::RefundRequested(refund_id) => {
            let refund = refund(refund_id);
            let event = proto::RefundRequested { r#return, refund };
            tx.emit(id, revision, &event).await
        }
        Event::RefundConfirmed(refund_id) => {
            let refund = refund(refund_id);
            let event = proto::RefundConfirmed { r#return, refund };
            tx.emit(id, revision, &event).await
        }
        Event::ExchangeCreated(exchange_id) => {
            let exchange = state.exchange(exchange_id).map(convert::exchange);
            let event = proto::ExchangeCreated { r#return, exchange };
            tx.emit(id, revision, &event).await
        }
        Event::RefundFailed(refund_id) => {
            let refund = refund(refund_id);
            let event = proto::RefundFailed { r#return, refund };
            tx.emit(id, revision, &event).await
        }
    }
}
