//! A person says what is done about a claim.
//!
//! A refund, or goods that have to come back, open a return: its units are those that the claim took.
//! What needs no return gives them free again. Money without goods is asked for at once.

use postlude_chassis::Caller;
use postlude_kernel::TenantId;
use postlude_proto::returns::v1::{
    Claim as Message, ClaimDenied, ClaimResolved, ResolveClaimRequest,
};
use postlude_store::{RequestKey, Tx};

use crate::{
    app::App,
    convert::{claim as convert, event},
    domain::{
        claim::{Claim, ClaimState, Compensation},
        policy::{DecisionSource, price},
        return_request::{Decided, Opening, open, pay},
    },
    error::Error,
    facts,
    hooks::Facts,
    settlement::{self, Planned},
    store::{claims, returnable_lines, returns},
    timers::expire_return,
};

/// The return beside a resolution, with the money that is asked for at once.
struct Opened {
    decided: Decided,
    money: Option<Planned>,
}

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ResolveClaimRequest,
) -> Result<Message, Error> {
    let key = RequestKey::new("ResolveClaim", &request.request_id, &request);
    let tenant = &caller.tenant;
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let current = load(app, tenant, &request).await?;
            let resolving = convert::parse_resolving(&request)?;
            let facts = facts::known(app, tenant, &current.order_id).await?;
            // Refused before anything is planned for it.
            let order = &facts.order;
            current.resolve(&resolving, order, None, app.store.now())?;
            let opened = match current.compensation(&resolving) {
                Some(wanted) => Some(beside(app, tenant, &facts, &current, &wanted).await?),
                None => None,
            };
            let return_id = opened
                .as_ref()
                .map(|opened| opened.decided.state.return_id.as_str());
            let claim = current.resolve(&resolving, order, return_id, app.store.now())?;

            let mut tx = app.store.begin(tenant).await?;
            tx.about(&claim.customer_id);
            claims::save(&mut tx, &claim).await?;
            match opened {
                Some(opened) => keep(&mut tx, app, opened).await?,
                None => release(&mut tx, &facts, &claim).await?,
            }
            let reply = convert::public(&claim);
            tell(&mut tx, &claim, reply.clone()).await?;
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}

async fn load(app: &App, tenant: &TenantId, request: &ResolveClaimRequest) -> Result<Claim, Error> {
    let scope = app.store.read(tenant).await?;
    let claim = super::find_claim(&scope, &request.claim_id).await?;
    super::check_etag(&request.etag, claim.revision)?;
    Ok(claim)
}

/// Opens the return that a resolution needs. What the customer keeps, or never got, is paid at once.
async fn beside(
    app: &App,
    tenant: &TenantId,
    facts: &Facts,
    claim: &Claim,
    wanted: &Compensation,
) -> Result<Opened, Error> {
    // The units are the claim's own: what they are worth doesn't come after them.
    let mut before = facts.returnable.clone();
    free(&mut before, claim);
    let bonus = facts::credit_bonus(app, tenant, &wanted.request).await?;
    let answer = price(
        &facts.order,
        &wanted.request,
        &wanted.answer,
        &before,
        bonus,
    );
    let mut decided = open(
        &Opening {
            order: &facts.order,
            request: &wanted.request,
            answer: &answer,
            decision: &DecisionSource::operator(),
            quote_id: "",
            claim_id: Some(&claim.claim_id),
            gift_recipient: "",
            return_by: app
                .store
                .now()
                .plus_days(i64::from(app.config.send_back_days)),
        },
        app.moment(),
    );
    let due = decided.state.due(false);
    if due.is_empty() {
        return Ok(Opened {
            decided,
            money: None,
        });
    }
    let planned = settlement::planned(app, tenant, &claim.order_id, &due).await?;
    pay(&mut decided, &planned.plans, app.moment())?;
    Ok(Opened {
        decided,
        money: Some(planned),
    })
}

async fn keep(tx: &mut Tx, app: &App, opened: Opened) -> Result<(), Error> {
    let Opened { decided, money } = opened;
    let state = &decided.state;
    returns::insert(tx, state).await?;
    if let Some(return_by) = state.return_by {
        expire_return::schedule(tx, &state.return_id, return_by).await?;
    }
    event::emit(tx, state, &decided.events).await?;
    if let Some(planned) = money {
        settlement::ask(tx, app, &decided, &state.refunds, planned).await?;
    }
    Ok(())
}

async fn release(tx: &mut Tx, facts: &Facts, claim: &Claim) -> Result<(), Error> {
    let mut after = facts.returnable.clone();
    free(&mut after, claim);
    returnable_lines::save(tx, &claim.order_id, &facts.returnable, &after).await?;
    Ok(())
}

/// Takes a claim's units out of the limits of its order's lines.
fn free(limits: &mut [crate::domain::limits::ReturnableLine], claim: &Claim) {
    let units = claim.units();
    for limit in limits {
        if let Some(units) = units.get(limit.line_id.as_str()) {
            limit.release(*units);
        }
    }
}

async fn tell(tx: &mut Tx, claim: &Claim, message: Message) -> Result<(), Error> {
    let (id, revision, claim_message) = (&claim.claim_id, claim.revision, Some(message));
    match claim.state {
        ClaimState::Denied => {
            let event = ClaimDenied {
                claim: claim_message,
            };
            tx.emit(id, revision, &event).await?;
        }
        ClaimState::Open | ClaimState::Resolved => {
            let event = ClaimResolved {
                claim: claim_message,
            };
            tx.emit(id, revision, &event).await?;
        }
    }
    Ok(())
}
