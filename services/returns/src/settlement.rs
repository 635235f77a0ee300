//! How a refund ends, whoever says so: the payment system by its answer, or by ConfirmRefund.

use postlude_store::Tx;

use crate::{
    domain::{
        refund::release,
        return_request::{Decided, RefundState},
    },
    error::Error,
    save,
    store::{refundable_payments, refunds, returnable_lines},
};

/// Saves what the end of a refund has led to. A refund that failed gives back what it had taken out of
/// both limits.
///
/// # Errors
/// `CONCURRENT_CHANGE` if somebody else ended it, or changed a limit, since it was read.
pub(crate) async fn settle(
    tx: &mut Tx,
    refund: &refunds::Stored,
    decided: &Decided,
) -> Result<(), Error> {
    save::changed(tx, decided).await?;
    let Some(ended) = decided
        .state
        .refund(&refund.refund_id)
        .filter(|ended| decided.changed && ended.state != RefundState::Requested)
    else {
        return Ok(());
    };
    refunds::close(tx, &refund.refund_id).await?;
    if ended.state == RefundState::Failed {
        let order_id = refund.order_id.as_str();
        let lines = returnable_lines::of_order(tx, order_id).await?;
        let payment = refundable_payments::find(tx, order_id).await?;
        let (mut lines_after, mut payment_after) =
            (lines.clone(), payment.clone().unwrap_or_default());
        release(
            ended.breakdown.total(),
            &refund.allocations,
            &mut lines_after,
            &mut payment_after,
        );
        returnable_lines::save(tx, order_id, &lines, &lines_after).await?;
        refundable_payments::save(tx, order_id, payment.as_ref(), &payment_after).await?;
    }
    Ok(())
}
