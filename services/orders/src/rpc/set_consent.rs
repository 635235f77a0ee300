//! SetConsent: a giving or a withdrawal, with its proof. The history is kept whole.

use postlude_chassis::Caller;
use postlude_proto::orders::v1::{Customer, CustomerUpdated, SetConsentRequest};
use postlude_store::{RequestKey, Scope as _};

use crate::{
    App,
    convert::customer::{parse_consent, to_event, to_proto},
    domain::{
        customer::{ConsentChange, set_consent},
        refusal::Refusal,
    },
    error::Error,
    store::{consents, customers},
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: SetConsentRequest,
) -> Result<Customer, Error> {
    let key = RequestKey::new("SetConsent", &request.request_id, &request);
    let consent = parse_consent(request.consent)?;
    let (tenant, customer_id) = (&caller.tenant, request.customer_id);
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let mut tx = app.store.begin(tenant).await?;
            if tx.is_erased(&customer_id).await? {
                return Err(Refusal::CustomerErased.into());
            }
            let found = customers::find(&tx, &customer_id)
                .await?
                .ok_or(Error::CustomerNotFound)?;
            let before = found.customer;
            let now = app.store.now();
            let change = set_consent(&before, &found.history, &consent, now);

            tx.about(&customer_id);
            if change != ConsentChange::Known {
                let id = app.store.ids().id("con", now);
                consents::insert(&mut tx, id, &customer_id, &consent).await?;
            }
            let reply = match change {
                ConsentChange::Holds(customer) => {
                    customers::save(&mut tx, Some(before.revision), &customer).await?;
                    let event = CustomerUpdated {
                        customer: Some(to_event(&customer)),
                    };
                    tx.emit(&customer_id, customer.revision, &event).await?;
                    to_proto(&customer)
                }
                ConsentChange::Known | ConsentChange::HistoryOnly => to_proto(&before),
            };
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
