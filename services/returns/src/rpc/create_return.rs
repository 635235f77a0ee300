//! A return is opened: by a quote, whose decision it uses, or by asking the policy now.
//!
//! What the policy declines never becomes a return: the caller gets RETURN_NOT_ALLOWED with the reasons,
//! and the run is kept all the same, so that the no can be explained.

use postlude_chassis::Caller;
use postlude_kernel::TenantId;
use postlude_proto::{
    returns::v1::{CreateReturnRequest, Quote, Return},
    runs::v1::Run,
};
use postlude_store::RequestKey;

use crate::{
    app::App,
    convert::{self, Unfit, event, reason},
    domain::{
        limits::ReturnableLine,
        policy::{Answered, DecisionSource, Outcome, Request, price},
        return_request::{Opening, RefundMethod, open},
    },
    error::Error,
    facts,
    hooks::Facts,
    save,
    store::{quotes, returnable_lines, returns, runs, unreadable},
    timers::expire_return,
};

/// What was decided, now or by the quote.
struct Ruling {
    answered: Answered,
    source: DecisionSource,
    runs: Vec<Run>,
}

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: CreateReturnRequest,
) -> Result<Return, Error> {
    let key = RequestKey::new("CreateReturn", &request.request_id, &request);
    let tenant = &caller.tenant;
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let quote = quoted(app, tenant, &request).await?;
            let asked = match &quote {
                Some(quote) => convert::request::parse(
                    quote.request.lines.clone(),
                    quote.request.method,
                    quote.request.refund_method,
                )?,
                None => convert::request::parse(
                    request.lines.clone(),
                    request.method,
                    request.refund_method,
                )?,
            };
            check_recipient(&request.gift_recipient, asked.refund_method)?;
            let facts = facts::load(app, tenant, &request.order_id, &asked).await?;
            let ruling = match &quote {
                Some(quote) => by_quote(app, &facts, &asked, quote)?,
                None => by_asking(app, tenant, &facts, &asked).await?,
            };
            if ruling.answered.outcome() == Outcome::Declined {
                return Err(declined(app, tenant, &facts, ruling).await?);
            }
            let now = app.store.now();
            let decided = open(
                &Opening {
                    order: &facts.order,
                    request: &asked,
                    answer: &ruling.answered,
                    decision: &ruling.source,
                    quote_id: &request.quote_id,
                    claim_id: None,
                    gift_recipient: &request.gift_recipient,
                    return_by: now.plus_days(i64::from(app.config.send_back_days)),
                },
                app.moment(),
            );
            let state = &decided.state;

            let mut tx = app.store.begin(tenant).await?;
            tx.about(&state.customer_id);
            let after = allocated(&facts.returnable, &asked)?;
            returnable_lines::save(&mut tx, &state.order_id, &facts.returnable, &after).await?;
            returns::insert(&mut tx, state).await?;
            for run in &ruling.runs {
                runs::insert(&mut tx, run, now, &state.customer_id).await?;
            }
            if let Some(return_by) = state.return_by {
                expire_return::schedule(&mut tx, &state.return_id, return_by).await?;
            }
            event::emit(&mut tx, state, &decided.events).await?;
            let reply = save::reply(&tx, state).await?;
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}

/// The quote that the request names, if it names one and fits it.
async fn quoted(
    app: &App,
    tenant: &TenantId,
    request: &CreateReturnRequest,
) -> Result<Option<quotes::Stored>, Error> {
    if request.quote_id.is_empty() {
        if request.lines.is_empty() {
            return Err(Unfit::new("lines", "is required where no quote is named").into());
        }
        return Ok(None);
    }
    let scope = app.store.read(tenant).await?;
    let quote = quotes::find(&scope, &request.quote_id)
        .await?
        .filter(|quote| quote.quote.order_id == request.order_id)
        .ok_or_else(|| Error::QuoteNotFound(request.quote_id.clone()))?;
    if app.store.now() > quote.expires {
        return Err(Error::QuoteExpired(request.quote_id.clone()));
    }
    if !request.lines.is_empty() && request.lines != quote.request.lines {
        return Err(Unfit::new("lines", "must be absent or the same as quoted").into());
    }
    if request.method != 0 && request.method != quote.quote.method {
        return Err(Unfit::new("method", "must be absent or the same as quoted").into());
    }
    if request.refund_method != 0 && request.refund_method != quote.quote.refund_method {
        return Err(Unfit::new("refund_method", "must be absent or the same as quoted").into());
    }
    Ok(Some(quote))
}

/// A gift's credit goes to somebody, and nothing else does.
fn check_recipient(recipient: &str, method: RefundMethod) -> Result<(), Unfit> {
    match (method, recipient.is_empty()) {
        (RefundMethod::GiftCredit, true) => {
            Err(Unfit::new("gift_recipient", "is required with GIFT_CREDIT"))
        }
        (RefundMethod::Original | RefundMethod::StoreCredit | RefundMethod::None, false) => Err(
            Unfit::new("gift_recipient", "must be absent without GIFT_CREDIT"),
        ),
        (_, _) => Ok(()),
    }
}

/// The quote's decision, if nothing has changed that it rests on.
fn by_quote(
    app: &App,
    facts: &Facts,
    asked: &Request,
    quote: &quotes::Stored,
) -> Result<Ruling, Error> {
    let quote_id = &quote.quote.quote_id;
    if app.hooks.digest(facts, asked, app.store.now()) != quote.facts_digest {
        return Err(Error::QuoteChanged(quote_id.clone()));
    }
    let Quote { decision, .. } = &quote.quote;
    Ok(Ruling {
        answered: convert::quote::answered(&quote.quote)
            .map_err(|unfit| Error::from(unreadable("quote", unfit)))?,
        source: reason::decision(decision.clone().unwrap_or_default()),
        runs: Vec::new(),
    })
}

async fn by_asking(
    app: &App,
    tenant: &TenantId,
    facts: &Facts,
    asked: &Request,
) -> Result<Ruling, Error> {
    let decision = app
        .hooks
        .decide(tenant, facts, asked, app.store.now())
        .await?;
    Ok(Ruling {
        answered: price(
            &facts.order,
            asked,
            &decision.answer,
            &facts.returnable,
            facts::credit_bonus(app, tenant, asked).await?,
        ),
        source: decision.source,
        runs: decision.runs,
    })
}

/// Keeps the run of a no, and says the no.
async fn declined(
    app: &App,
    tenant: &TenantId,
    facts: &Facts,
    ruling: Ruling,
) -> Result<Error, Error> {
    if !ruling.runs.is_empty() {
        let mut tx = app.store.begin(tenant).await?;
        for run in &ruling.runs {
            runs::insert(&mut tx, run, app.store.now(), &facts.order.customer_id).await?;
        }
        tx.commit().await?;
    }
    let reasons = ruling
        .answered
        .lines
        .into_iter()
        .filter(|line| line.outcome == Outcome::Declined)
        .flat_map(|line| line.reasons)
        .collect();
    Ok(Error::NotAllowed {
        reasons,
        run_id: ruling.source.run_id,
    })
}

/// The limits once the units are taken.
fn allocated(before: &[ReturnableLine], asked: &Request) -> Result<Vec<ReturnableLine>, Error> {
    let mut after = before.to_vec();
    for line in &asked.lines {
        for limit in &mut after {
            if limit.line_id == line.line_id {
                limit
                    .allocate(line.quantity)
                    .map_err(Error::QuantityExceeded)?;
            }
        }
    }
    Ok(after)
}
