//! A favour: money for an order with no goods to return, within what was captured.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{CreateGoodwillRefundRequest, Return};
use postlude_store::RequestKey;

use crate::{
    app::App,
    convert::{Unfit, event, minor, request::parse_refund_method},
    domain::{
        Reason, ReasonSource,
        refund::goodwill as plan,
        return_request::{Goodwill, RefundMethod, goodwill},
    },
    error::Error,
    facts, save, settlement,
    store::returns,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: CreateGoodwillRefundRequest,
) -> Result<Return, Error> {
    let key = RequestKey::new("CreateGoodwillRefund", &request.request_id, &request);
    let refund_method = method(request.refund_method)?;
    let tenant = &caller.tenant;
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let currency = facts::known(app, tenant, &request.order_id)
                .await?
                .order
                .currency;
            let amount = minor("amount", currency, request.amount.as_ref())?;
            if amount <= 0 {
                return Err(Unfit::new("amount", "must be above zero").into());
            }
            let planned =
                settlement::with_money(app, tenant, &request.order_id, |_, _, payment| {
                    Ok(vec![plan(currency, amount, payment)?])
                })
                .await?;
            let Some(first) = planned.plans.first() else {
                return Err(Unfit::new("amount", "leads to no refund").into());
            };
            let favour = Goodwill {
                order: &planned.facts.order,
                refund_method,
                reason: Reason::new(ReasonSource::Operator, "GOODWILL", request.note.clone()),
                plan: first,
            };
            let decided = goodwill(&favour, app.moment())?;
            let state = &decided.state;

            let mut tx = app.store.begin(tenant).await?;
            tx.about(&state.customer_id);
            returns::insert(&mut tx, state).await?;
            event::emit(&mut tx, state, &decided.events).await?;
            settlement::ask(&mut tx, app, &decided, &state.refunds, planned).await?;
            let reply = save::reply(&tx, state).await?;
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}

fn method(wanted: i32) -> Result<RefundMethod, Unfit> {
    match parse_refund_method(wanted)? {
        method @ (RefundMethod::Original | RefundMethod::StoreCredit) => Ok(method),
        RefundMethod::GiftCredit | RefundMethod::None => Err(Unfit::new(
            "refund_method",
            "must be ORIGINAL or STORE_CREDIT for a favour",
        )),
    }
}
