//! What returns knows of an order: filled by orders' events, or by asking for it.
//!
//! Snapshot, terms, limits and windows change together, in one transaction. An older revision changes
//! nothing, and neither does the same one told by another event. Imported history is only taken in
//! when somebody asks for it.

use std::collections::BTreeSet;

use postlude_kernel::TenantId;
use postlude_proto::{
    orders::v1::{self as orders_proto, order_service_client::OrderServiceClient},
    returns::v1 as proto,
};
use postlude_store::{Scope as _, Tx};

use crate::{
    app::App,
    convert,
    convert::reason,
    domain::{
        limits::{RefundablePayment, ReturnableLine},
        order::Order,
        terms::Terms,
        window::{closes, delivered},
    },
    error::Error,
    hooks::{AskedTerms, Unanswered},
    store::{orders, refundable_payments, returnable_lines, runs, terms, windows},
    timers::close_window,
};

/// Why an order is taken in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Occasion<'a> {
    /// An event of orders, seen by a consumer.
    Event {
        consumer: &'static str,
        event_id: &'a str,
    },
    /// Somebody asks for it.
    Demand,
}

/// Takes an order in as it is told. Answers why the policy has not said the terms, if it has not.
///
/// # Errors
/// [`Error::PolicyUnknown`] for an event that came before the tenant's plugins: it comes again.
pub(crate) async fn take_in(
    app: &App,
    tenant: &TenantId,
    told: &orders_proto::Order,
    occasion: Occasion<'_>,
) -> Result<Option<Unanswered>, Error> {
    app.store
        .attempt(async || attempt(app, tenant, told, occasion).await)
        .await
}

/// Sees to it that an order and its terms are known. Answers why there are no terms, if there are none.
///
/// # Errors
/// [`Error::OrderNotFound`].
pub(crate) async fn ensure(
    app: &App,
    tenant: &TenantId,
    order_id: &str,
) -> Result<Option<Unanswered>, Error> {
    let scope = app.store.read(tenant).await?;
    let stored = orders::find(&scope, order_id).await?;
    let known = terms::find(&scope, order_id).await?;
    drop(scope);
    match stored {
        None => refresh(app, tenant, order_id).await,
        Some(order) if lacking(&order, known.as_ref()).is_empty() => Ok(None),
        Some(order) => take_in(app, tenant, &order, Occasion::Demand).await,
    }
}

/// Asks orders for an order and takes in what it answers.
///
/// # Errors
/// [`Error::OrderNotFound`].
pub(crate) async fn refresh(
    app: &App,
    tenant: &TenantId,
    order_id: &str,
) -> Result<Option<Unanswered>, Error> {
    let request = orders_proto::GetOrderRequest {
        order_id: order_id.to_owned(),
    };
    let order = OrderServiceClient::new(app.clients.to("orders", &App::caller(tenant)))
        .get_order(request)
        .await
        .map_err(|status| convert::upstream::order(order_id, &status))?
        .into_inner();
    take_in(app, tenant, &order, Occasion::Demand).await
}

async fn attempt(
    app: &App,
    tenant: &TenantId,
    told: &orders_proto::Order,
    occasion: Occasion<'_>,
) -> Result<Option<Unanswered>, Error> {
    let order = convert::order::parse(told)?;
    let event = matches!(occasion, Occasion::Event { .. });
    // Nobody can have asked for it before its first revision: an import of the past costs no query.
    if event && order.backfill && order.revision == 1 {
        return Ok(None);
    }
    let scope = app.store.read(tenant).await?;
    if scope.is_erased(&order.customer_id).await? {
        return Ok(None);
    }
    let stored = orders::find(&scope, &order.order_id).await?;
    let known = terms::find(&scope, &order.order_id).await?;
    drop(scope);
    let before = stored.as_ref().map(|stored| stored.revision);
    let newer = before.is_none_or(|before| before < order.revision);
    let lacking = lacking(told, known.as_ref());
    if (event && order.backfill && stored.is_none()) || (!newer && lacking.is_empty()) {
        return Ok(None);
    }
    let asked = if lacking.is_empty() {
        None
    } else {
        Some(app.hooks.terms(tenant, &order, app.store.now()).await?)
    };
    if let Some(AskedTerms {
        answer: Err(unanswered),
        ..
    }) = &asked
        && unanswered.soon
        && event
    {
        return Err(Error::PolicyUnknown);
    }

    let mut tx = app.store.begin(tenant).await?;
    if let Occasion::Event { consumer, event_id } = occasion
        && !tx.first_sight(consumer, event_id).await?
    {
        return Ok(None);
    }
    tx.about(&order.customer_id);
    if newer {
        orders::save(&mut tx, told, order.placed, before).await?;
        save_limits(app, &mut tx, &order).await?;
    }
    let mut terms = known;
    let mut unanswered = None;
    if let Some(asked) = asked {
        for run in &asked.runs {
            runs::insert(&mut tx, run, app.store.now(), &order.customer_id).await?;
        }
        match asked.answer {
            Ok((mut answered, source)) => {
                answered
                    .lines
                    .retain(|line| lacking.contains(&line.line_id));
                terms::insert(&mut tx, &order.order_id, &answered, &source).await?;
                if let Some(known) = &mut terms {
                    known.lines.extend(answered.lines);
                } else {
                    terms = Some(answered);
                }
            }
            Err(why) => unanswered = Some(why),
        }
    }
    if let Some(terms) = terms.filter(|_| !order.backfill) {
        tell_windows(app, &mut tx, &order, &terms).await?;
    }
    tx.commit().await?;
    Ok(unanswered)
}

/// Lines that have no terms yet.
fn lacking(order: &orders_proto::Order, known: Option<&Terms>) -> BTreeSet<String> {
    order
        .lines
        .iter()
        .map(|line| line.line_id.clone())
        .filter(|line_id| known.is_none_or(|known| known.line(line_id).is_none()))
        .collect()
}

async fn save_limits(app: &App, tx: &mut Tx, order: &Order) -> Result<(), Error> {
    let before = returnable_lines::of_order(tx, &order.order_id).await?;
    let mut after = before.clone();
    for line in &order.lines {
        let units = delivered(
            order,
            &line.line_id,
            app.config.allowance(),
            app.store.now(),
        )
        .units;
        match after.iter_mut().find(|limit| limit.line_id == line.line_id) {
            Some(limit) => limit.delivered = units,
            None => after.push(ReturnableLine {
                delivered: units,
                ..ReturnableLine::new(&line.line_id)
            }),
        }
    }
    returnable_lines::save(tx, &order.order_id, &before, &after).await?;
    let before = refundable_payments::find(tx, &order.order_id).await?;
    let mut after: RefundablePayment = before.clone().unwrap_or_default();
    after.take_in(order);
    refundable_payments::save(tx, &order.order_id, before.as_ref(), &after).await?;
    Ok(())
}

/// Tells of windows that have opened or moved, and sets the timers that close them.
async fn tell_windows(app: &App, tx: &mut Tx, order: &Order, terms: &Terms) -> Result<(), Error> {
    let now = app.store.now();
    for line in &terms.lines {
        let Some(closes) = closes(order, line, app.config.allowance(), now) else {
            continue;
        };
        let known = windows::find(tx, &order.order_id, &line.line_id).await?;
        if known.is_some_and(|known| known.closes == closes) {
            continue;
        }
        let window = windows::Window {
            closes,
            closed: false,
            revision: known.map_or(1, |known| known.revision + 1),
        };
        windows::save(tx, &order.order_id, &line.line_id, window).await?;
        let event = proto::ReturnWindowOpened {
            window: Some(proto::ReturnWindow {
                order_id: order.order_id.clone(),
                line_id: line.line_id.clone(),
                revision: window.revision,
                close_time: Some(convert::time_message(closes)),
                reasons: reason::messages(&line.reasons),
            }),
        };
        let id = close_window::key(&order.order_id, &line.line_id);
        tx.emit(&id, window.revision, &event).await?;
        close_window::schedule(tx, &order.order_id, &line.line_id, closes).await?;
    }
    Ok(())
}
