//! What may come back, by when, for how much, and why. The answer is kept and holds for a while.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{Quote, QuoteReturnRequest};

use crate::{
    app::App,
    convert::{self, quote::Quoting},
    domain::policy::price,
    error::Error,
    facts,
    store::{quotes, runs},
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: QuoteReturnRequest,
) -> Result<Quote, Error> {
    let asked =
        convert::request::parse(request.lines.clone(), request.method, request.refund_method)?;
    let facts = facts::load(app, &caller.tenant, &request.order_id, &asked).await?;
    let now = app.store.now();
    let decision = app
        .hooks
        .decide(&caller.tenant, &facts, &asked, now)
        .await?;
    let answered = price(
        &facts.order,
        &asked,
        &decision.answer,
        &facts.returnable,
        facts::credit_bonus(app, &caller.tenant, &asked).await?,
    );
    let facts_digest = app.hooks.digest(&facts, &asked, now);
    let expires = now.plus(app.config.quote_life());
    let quote = convert::quote::message(&Quoting {
        quote_id: app.store.ids().id("quo", now),
        order_id: &facts.order.order_id,
        currency: facts.order.currency,
        request: &asked,
        answered: &answered,
        decision: &decision.source,
        facts_digest: &facts_digest,
        expires,
    });
    let stored = quotes::Stored {
        quote: quote.clone(),
        request,
        expires,
        facts_digest,
    };
    let customer = facts.order.customer_id.as_str();
    let mut tx = app.store.begin(&caller.tenant).await?;
    tx.about(customer);
    quotes::insert(&mut tx, &stored, customer).await?;
    for run in &decision.runs {
        runs::insert(&mut tx, run, now, customer).await?;
    }
    tx.commit().await?;
    Ok(quote)
}
