//! customer-erasure-requested: this service's own part of an erasure.
//!
//! Orders stay, under the pseudonym. They are changed a few hundred at a time, so that a customer
//! with many orders stops nobody else's writes; only the acknowledgement notes the event as seen, so
//! that a crash before it begins again where it stopped.

use std::time::Duration;

use postlude_chassis::Received;
use postlude_proto::orders::v1::{CustomerErasureCompleted, CustomerErasureRequested};
use postlude_store::Scope as _;

use crate::{
    App,
    convert::erasure::done_to_proto,
    domain::{erasure::Done, order::pseudonymise},
    error::Error,
    store::{erasures, orders},
};

const CONSUMER: &str = "customer-erasure-requested";
const BATCH: u64 = 200;
/// How long changes that began before the tombstone stood are waited for.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn handle(
    app: App,
    event: Received<CustomerErasureRequested>,
) -> Result<(), Error> {
    let request = &event.message;
    app.store.outwait_writers(PATIENCE).await?;
    while app
        .store
        .attempt(async || hide_some(&app, &event).await)
        .await?
    {}
    app.store
        .attempt(async || {
            let mut tx = app.store.begin(&event.tenant).await?;
            if !tx.first_sight(CONSUMER, &event.id).await? {
                return Ok(());
            }
            // What was on its way when EraseCustomer took the rest.
            tx.bury(&request.customer_id).await?;
            let erasure = erasures::get(&tx, &request.erasure_id).await?;
            let kept = orders::count(&tx, Some(&request.pseudonym)).await?;
            let kept = i64::try_from(kept).unwrap_or(i64::MAX);
            let done = Done {
                complete_time: app.store.now(),
                erased_count: erasure.erased_count,
                kept_count: kept,
                kept_because: match kept {
                    0 => String::new(),
                    _ => "Orders are kept for the time that commercial and tax law asks for."
                        .to_owned(),
                },
            };
            let completed = CustomerErasureCompleted {
                erasure_id: request.erasure_id.clone(),
                participant: Some(done_to_proto(app.store.service(), &done)),
            };
            tx.emit(&request.erasure_id, 1, &completed).await?;
            tx.commit().await?;
            Ok(())
        })
        .await
}

/// Puts the pseudonym on some of the customer's orders; answers whether there were any.
async fn hide_some(app: &App, event: &Received<CustomerErasureRequested>) -> Result<bool, Error> {
    let request = &event.message;
    let mut tx = app.store.begin(&event.tenant).await?;
    // Before anything is written: whoever is erased stays erased.
    if !tx.is_erased(&request.customer_id).await? {
        return Err(Error::ErasureNotFound(request.erasure_id.clone()));
    }
    let some = orders::page(&tx, Some(&request.customer_id), None, BATCH).await?;
    let now = app.store.now();
    let changes: Vec<_> = some
        .iter()
        .filter_map(|order| {
            let changed = pseudonymise(order, &request.pseudonym, now)?;
            Some((Some(order.revision), changed))
        })
        .collect();
    if changes.is_empty() {
        return Ok(false);
    }
    orders::save_all(&mut tx, &changes).await?;
    tx.commit().await?;
    Ok(true)
}
