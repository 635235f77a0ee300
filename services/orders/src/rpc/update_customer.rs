//! UpdateCustomer: creates a profile or replaces it.
//!
//! A contact point that was opted out under a number that is erased stays opted out.

use postlude_chassis::Caller;
use postlude_proto::orders::v1::{Customer, CustomerUpdated, UpdateCustomerRequest};
use postlude_store::{RequestKey, Scope as _};

use crate::{
    App,
    convert::customer::{parse_profile, to_event, to_proto},
    domain::{consent::latest, customer::update, refusal::Refusal},
    error::Error,
    store::{consents, customers, opt_outs},
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: UpdateCustomerRequest,
) -> Result<Customer, Error> {
    let key = RequestKey::new("UpdateCustomer", &request.request_id, &request);
    let profile = parse_profile(request.customer)?;
    let (tenant, etag) = (&caller.tenant, request.etag);
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let mut tx = app.store.begin(tenant).await?;
            let customer_id = &profile.customer_id;
            if tx.is_erased(customer_id).await? {
                return Err(Refusal::CustomerErased.into());
            }
            let found = customers::find(&tx, customer_id).await?;
            let before = found.as_ref().map(|found| found.customer.clone());
            let seen = before.as_ref().map(|customer| customer.revision);
            let unchanged = before.as_ref().map(to_proto);
            let changed = update(before, profile.clone(), &etag, app.store.now())?;

            tx.about(customer_id);
            let reply = match changed {
                Some(mut customer) => {
                    let mut history = found.map(|found| found.history).unwrap_or_default();
                    for opt_out in opt_outs::of_profile(&tx, &profile).await? {
                        if !history.contains(&opt_out) {
                            let id = app.store.ids().id("con", app.store.now());
                            consents::insert(&mut tx, id, customer_id, &opt_out).await?;
                            history.push(opt_out);
                        }
                    }
                    customer.consents = latest(&history);
                    customers::save(&mut tx, seen, &customer).await?;
                    let event = CustomerUpdated {
                        customer: Some(to_event(&customer)),
                    };
                    tx.emit(customer_id, customer.revision, &event).await?;
                    to_proto(&customer)
                }
                None => unchanged.unwrap_or_default(),
            };
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
