//! EraseCustomer: forgets a customer here and asks every service to do the same.
//!
//! Profile and consents go at once and the tombstone stands from now on. Orders get the pseudonym in
//! this service's own part, which begins with the event like every other service's:
//! `consumers/customer_erasure_requested.rs`.

use postlude_chassis::Caller;
use postlude_proto::orders::v1::{CustomerErasureRequested, EraseCustomerRequest, Erasure};
use postlude_store::RequestKey;

use crate::{
    App,
    convert::erasure::to_proto,
    domain::erasure::request as request_erasure,
    error::Error,
    store::{customers, erasures, opt_outs, orders},
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: EraseCustomerRequest,
) -> Result<Erasure, Error> {
    let key = RequestKey::new("EraseCustomer", &request.request_id, &request);
    let (tenant, customer_id) = (&caller.tenant, request.customer_id);
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let mut tx = app.store.begin(tenant).await?;
            let reply = match erasures::of_customer(&tx, &customer_id).await? {
                Some(known) => to_proto(&known),
                None => {
                    let found = customers::find(&tx, &customer_id).await?;
                    if found.is_none() && orders::count(&tx, Some(&customer_id)).await? == 0 {
                        // A mistyped number must not be barred for ever.
                        return Err(Error::CustomerNotFound);
                    }
                    let (ids, now) = (app.store.ids(), app.store.now());
                    let erasure = request_erasure(
                        ids.id("era", now),
                        ids.id("anon", now),
                        &app.config.erasure_participants(),
                        now,
                    );
                    if let Some(found) = found {
                        opt_outs::keep(&mut tx, &found.customer).await?;
                    }
                    let deleted = customers::delete(&mut tx, &customer_id).await?;
                    let redacted = tx.bury(&customer_id).await?;
                    let erased = deleted + redacted.events + redacted.replies;
                    let erased = i64::try_from(erased).unwrap_or(i64::MAX);
                    erasures::insert(&mut tx, &customer_id, &erasure, erased).await?;
                    let event = CustomerErasureRequested {
                        erasure_id: erasure.erasure_id.clone(),
                        customer_id: customer_id.clone(),
                        pseudonym: erasure.pseudonym.clone(),
                    };
                    tx.emit(&erasure.erasure_id, 1, &event).await?;
                    to_proto(&erasure)
                }
            };
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
