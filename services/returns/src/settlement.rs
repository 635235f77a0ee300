//! How money is asked for, and how that ends, whoever says so: the payment system by its answer, or
//! by ConfirmRefund.

use postlude_kernel::TenantId;
use postlude_store::Tx;

use crate::{
    app::App,
    domain::{
        limits::{RefundablePayment, ReturnableLine},
        refund::{Due, Plan, RefundRefused, plan, release},
        return_request::{Decided, Refund, RefundState},
    },
    error::Error,
    facts,
    hooks::Facts,
    projection, save,
    store::{refundable_payments, refunds, returnable_lines},
    timers::refund_command,
};

/// What is paid, and what is left of the limits then.
pub(crate) struct Planned {
    pub(crate) facts: Facts,
    pub(crate) plans: Vec<Plan>,
    pub(crate) returnable: Vec<ReturnableLine>,
    pub(crate) payment: RefundablePayment,
}

/// Plans what is due. Before it says that there is no money, it asks orders whether some has come.
///
/// # Errors
/// [`RefundRefused`], [`Error::OrderNotFound`].
pub(crate) async fn planned(
    app: &App,
    tenant: &TenantId,
    order_id: &str,
    due: &[Due<'_>],
) -> Result<Planned, Error> {
    with_money(app, tenant, order_id, |facts, returnable, payment| {
        due.iter()
            .map(|due| plan(&facts.order, due, returnable, payment))
            .collect()
    })
    .await
}

/// Plans by `make`, which takes its plans out of both limits. Before it says that there is no money, it
/// asks orders whether some has come.
///
/// # Errors
/// [`RefundRefused`], [`Error::OrderNotFound`].
pub(crate) async fn with_money<F>(
    app: &App,
    tenant: &TenantId,
    order_id: &str,
    make: F,
) -> Result<Planned, Error>
where
    F: Fn(
        &Facts,
        &mut [ReturnableLine],
        &mut RefundablePayment,
    ) -> Result<Vec<Plan>, RefundRefused>,
{
    let plan_on = |facts: Facts| {
        let mut returnable = facts.returnable.clone();
        let mut payment = facts.payment.clone();
        let plans = make(&facts, &mut returnable, &mut payment)?;
        Ok(Planned {
            facts,
            plans,
            returnable,
            payment,
        })
    };
    match plan_on(facts::known(app, tenant, order_id).await?) {
        Err(RefundRefused::ExceedsCaptured { .. }) => {
            projection::refresh(app, tenant, order_id).await?;
            Ok(plan_on(facts::known(app, tenant, order_id).await?)?)
        }
        answer => Ok(answer?),
    }
}

/// Saves what asking for money has led to: the limits, and a command for each refund that isn't done
/// already. `asked` are the new refunds, in the order of the plans.
///
/// # Errors
/// `CONCURRENT_CHANGE` if somebody else changed a limit since it was read.
pub(crate) async fn ask(
    tx: &mut Tx,
    app: &App,
    decided: &Decided,
    asked: &[Refund],
    planned: Planned,
) -> Result<(), Error> {
    let (state, facts) = (&decided.state, &planned.facts);
    let order_id = state.order_id.as_str();
    returnable_lines::save(tx, order_id, &facts.returnable, &planned.returnable).await?;
    refundable_payments::save(tx, order_id, Some(&facts.payment), &planned.payment).await?;
    for (refund, plan) in asked.iter().zip(planned.plans) {
        let stored = refunds::Stored {
            refund_id: refund.refund_id.clone(),
            return_id: state.return_id.clone(),
            order_id: order_id.to_owned(),
            open: refund.state == RefundState::Requested,
            attempt_count: 0,
            last_failure: String::new(),
            allocations: plan.allocations,
        };
        refunds::insert(tx, &stored).await?;
        if stored.open {
            refund_command::schedule(tx, &stored.refund_id, app.store.now()).await?;
        }
    }
    Ok(())
}

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
            ended.breakdown.captured_part(),
            &refund.allocations,
            &mut lines_after,
            &mut payment_after,
        );
        returnable_lines::save(tx, order_id, &lines, &lines_after).await?;
        refundable_payments::save(tx, order_id, payment.as_ref(), &payment_after).await?;
    }
    Ok(())
}
