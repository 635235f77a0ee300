//! What a decision rests on, loaded and checked: the order, its terms, both limits, the customer.

use postlude_kernel::TenantId;

use crate::{
    app::App,
    convert,
    domain::{
        limits::QuantityExceeded,
        policy::Request,
        return_request::{RefundMethod, RefundState},
        window::delivered,
    },
    error::Error,
    hooks::{Facts, History},
    projection,
    store::{orders, refundable_payments, returnable_lines, returns, settings, terms, unreadable},
};

/// Days of the customer's history that a policy sees.
const HISTORY_DAYS: i64 = 365;

/// Loads the facts for a request and takes its units out of the limits.
///
/// What is known may lag behind orders: before it says no for want of a line or a delivery, it asks.
///
/// # Errors
/// [`Error::OrderNotFound`], [`Error::OrderLineNotFound`], [`Error::QuantityExceeded`].
pub(crate) async fn load(
    app: &App,
    tenant: &TenantId,
    order_id: &str,
    request: &Request,
) -> Result<Facts, Error> {
    let facts = known(app, tenant, order_id).await?;
    match check(&facts, request) {
        Ok(()) => Ok(facts),
        Err(_) if may_lag(&facts, request) => {
            projection::refresh(app, tenant, order_id).await?;
            let facts = known(app, tenant, order_id).await?;
            check(&facts, request)?;
            Ok(facts)
        }
        Err(error) => Err(error),
    }
}

/// The facts of an order as they are known.
///
/// # Errors
/// [`Error::OrderNotFound`].
pub(crate) async fn known(app: &App, tenant: &TenantId, order_id: &str) -> Result<Facts, Error> {
    let unanswered = projection::ensure(app, tenant, order_id).await?;
    let scope = app.store.read(tenant).await?;
    let missing = || Error::OrderNotFound(order_id.to_owned());
    let message = orders::find(&scope, order_id).await?.ok_or_else(missing)?;
    let order =
        convert::order::parse(&message).map_err(|unfit| Error::from(unreadable("order", unfit)))?;
    let now = app.store.now();
    let mut returnable = returnable_lines::of_order(&scope, order_id).await?;
    for limit in &mut returnable {
        // Time alone delivers what nobody confirmed.
        limit.delivered = delivered(&order, &limit.line_id, app.config.allowance(), now).units;
    }
    let since = now.plus_days(-HISTORY_DAYS);
    let returns = returns::of_customer(&scope, &order.customer_id, since).await?;
    let history = History {
        orders: u32::try_from(orders::count_of(&scope, &order.customer_id, since).await?)
            .unwrap_or(u32::MAX),
        returns: u32::try_from(returns.len()).unwrap_or(u32::MAX),
        refunded: returns
            .iter()
            .filter(|other| other.currency == order.currency)
            .flat_map(|other| &other.refunds)
            .filter(|refund| refund.state != RefundState::Failed)
            .fold(0, |sum, refund| {
                sum.saturating_add(refund.breakdown.total())
            }),
    };
    let terms = match (unanswered, terms::find(&scope, order_id).await?) {
        (None, Some(terms)) => Ok(terms),
        (Some(unanswered), _) => Err(unanswered),
        (None, None) => return Err(missing()),
    };
    Ok(Facts {
        payment: refundable_payments::find(&scope, order_id)
            .await?
            .unwrap_or_default(),
        order,
        terms,
        returnable,
        history,
    })
}

/// What store credit gets on top, in basis points; nothing where the money goes elsewhere.
///
/// # Errors
/// The database's.
pub(crate) async fn credit_bonus(
    app: &App,
    tenant: &TenantId,
    request: &Request,
) -> Result<u32, Error> {
    match request.refund_method {
        RefundMethod::StoreCredit => {
            let scope = app.store.read(tenant).await?;
            Ok(settings::find(&scope).await?.store_credit_bonus)
        }
        RefundMethod::Original | RefundMethod::GiftCredit | RefundMethod::None => Ok(0),
    }
}

/// Whether there is enough of everything that is asked for.
fn check(facts: &Facts, request: &Request) -> Result<(), Error> {
    for asked in &request.lines {
        let limit = facts
            .returnable
            .iter()
            .find(|limit| limit.line_id == asked.line_id);
        let (Some(line), Some(limit)) = (facts.order.line(&asked.line_id), limit) else {
            return Err(Error::OrderLineNotFound {
                order_id: facts.order.order_id.clone(),
                line_id: asked.line_id.clone(),
            });
        };
        if request.refund_method == RefundMethod::GiftCredit && !line.gift {
            return Err(Error::NotAGift(asked.line_id.clone()));
        }
        if asked.quantity > limit.available() {
            return Err(Error::QuantityExceeded(QuantityExceeded {
                line_id: asked.line_id.clone(),
                requested: asked.quantity,
                available: limit.available(),
            }));
        }
    }
    Ok(())
}

/// Whether orders may know of a line or a delivery that isn't known here.
fn may_lag(facts: &Facts, request: &Request) -> bool {
    request.lines.iter().any(|asked| {
        let limit = facts
            .returnable
            .iter()
            .find(|limit| limit.line_id == asked.line_id);
        match (facts.order.line(&asked.line_id), limit) {
            (Some(line), Some(limit)) => limit.delivered < line.kept(),
            (Some(_) | None, _) => true,
        }
    })
}
