//! Something is wrong with units of an order: they are taken out of the limits until a person says what
//! is done.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{Claim, ClaimCreated, CreateClaimRequest};
use postlude_store::RequestKey;

use crate::{
    app::App,
    convert::claim as convert,
    domain::claim::{ClaimRefused, open},
    error::Error,
    facts,
    hooks::Facts,
    projection,
    store::{claims, returnable_lines},
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: CreateClaimRequest,
) -> Result<Claim, Error> {
    let key = RequestKey::new("CreateClaim", &request.request_id, &request);
    let claiming = convert::parse_claiming(&request)?;
    let tenant = &caller.tenant;
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let opened_on = |facts: &Facts| {
                let mut returnable = facts.returnable.clone();
                let allowance = app.config.allowance();
                let order = &facts.order;
                open(
                    order,
                    claiming.clone(),
                    &mut returnable,
                    allowance,
                    app.moment(),
                )
                .map(|claim| (claim, returnable))
            };
            let mut facts = facts::known(app, tenant, &request.order_id).await?;
            let opened = match opened_on(&facts) {
                // Orders may know of a line, or of a delivery, that isn't known here.
                Err(ClaimRefused::QuantityExceeded(_) | ClaimRefused::LineNotFound { .. }) => {
                    projection::refresh(app, tenant, &request.order_id).await?;
                    facts = facts::known(app, tenant, &request.order_id).await?;
                    opened_on(&facts)
                }
                answer => answer,
            };
            let (claim, returnable) = opened?;

            let mut tx = app.store.begin(tenant).await?;
            tx.about(&claim.customer_id);
            returnable_lines::save(&mut tx, &claim.order_id, &facts.returnable, &returnable)
                .await?;
            claims::insert(&mut tx, &claim).await?;
            let reply = convert::public(&claim);
            let event = ClaimCreated {
                claim: Some(reply.clone()),
            };
            tx.emit(&claim.claim_id, claim.revision, &event).await?;
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
