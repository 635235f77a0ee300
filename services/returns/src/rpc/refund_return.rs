//! Asks the retailer's payment system for the refund of every judged line, once: the money is taken out
//! of the limits here, a worker sends the command.

use postlude_chassis::Caller;
use postlude_kernel::TenantId;
use postlude_proto::returns::v1::{RefundReturnRequest, Return};
use postlude_store::RequestKey;

use crate::{
    app::App,
    domain::{
        limits::{RefundablePayment, ReturnableLine},
        refund::{Plan, RefundRefused, plan},
        return_request::{Command, RefundState, Return as State, decide},
    },
    error::Error,
    facts,
    hooks::Facts,
    projection, save,
    store::{refundable_payments, refunds, returnable_lines},
    timers::refund_command,
};

/// What is paid, and what is left of the limits then.
struct Planned {
    facts: Facts,
    plan: Plan,
    returnable: Vec<ReturnableLine>,
    payment: RefundablePayment,
}

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: RefundReturnRequest,
) -> Result<Return, Error> {
    let key = RequestKey::new("RefundReturn", &request.request_id, &request);
    let tenant = &caller.tenant;
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let current = super::load(app, tenant, &request.return_id, &request.etag).await?;
            let planned = planned(app, tenant, &current).await?;
            let command = Command::Refund(planned.plan.clone());
            let decided = decide(&current, command, app.moment())?;
            let state = &decided.state;

            let mut tx = app.store.begin(tenant).await?;
            save::changed(&mut tx, &decided).await?;
            let (order_id, facts) = (state.order_id.as_str(), &planned.facts);
            returnable_lines::save(&mut tx, order_id, &facts.returnable, &planned.returnable)
                .await?;
            let before = Some(&facts.payment);
            refundable_payments::save(&mut tx, order_id, before, &planned.payment).await?;
            if let Some(refund) = state.refunds.last() {
                let stored = refunds::Stored {
                    refund_id: refund.refund_id.clone(),
                    return_id: state.return_id.clone(),
                    order_id: order_id.to_owned(),
                    open: refund.state == RefundState::Requested,
                    attempt_count: 0,
                    last_failure: String::new(),
                    allocations: planned.plan.allocations,
                };
                refunds::insert(&mut tx, &stored).await?;
                if stored.open {
                    refund_command::schedule(&mut tx, &stored.refund_id, app.store.now()).await?;
                }
            }
            let reply = save::reply(&tx, state).await?;
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}

/// Plans the refund. Before it says that there is no money, it asks orders whether some has come.
async fn planned(app: &App, tenant: &TenantId, current: &State) -> Result<Planned, Error> {
    let facts = facts::known(app, tenant, &current.order_id).await?;
    match plan_on(facts, current) {
        Err(Error::RefundRefused(RefundRefused::ExceedsCaptured { .. })) => {
            projection::refresh(app, tenant, &current.order_id).await?;
            plan_on(facts::known(app, tenant, &current.order_id).await?, current)
        }
        answer => answer,
    }
}

fn plan_on(facts: Facts, current: &State) -> Result<Planned, Error> {
    let mut returnable = facts.returnable.clone();
    let mut payment = facts.payment.clone();
    let plan = plan(
        &facts.order,
        &current.refundable(),
        &mut returnable,
        &mut payment,
    )?;
    Ok(Planned {
        facts,
        plan,
        returnable,
        payment,
    })
}
