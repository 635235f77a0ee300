//! customer-erasure-completed: a service has done its part. With the last one the erasure is a
//! receipt.
//!
//! Every service tells it under its own domain; what it says is the same, hence [`Acknowledgement`].

use postlude_chassis::Received;
use postlude_proto::{Event, orders::v1 as orders, returns::v1 as returns};

use crate::{
    App, convert::erasure::parse_done, domain::erasure::acknowledge, error::Error, store::erasures,
};

/// An acknowledgement, whoever tells it.
pub(crate) trait Acknowledgement: Event {
    /// The erasure, and what the service did.
    fn parts(&self) -> (&str, Option<orders::ErasureParticipant>);
}

impl Acknowledgement for orders::CustomerErasureCompleted {
    fn parts(&self) -> (&str, Option<orders::ErasureParticipant>) {
        (&self.erasure_id, self.participant.clone())
    }
}

impl Acknowledgement for returns::CustomerErasureCompleted {
    fn parts(&self) -> (&str, Option<orders::ErasureParticipant>) {
        (&self.erasure_id, self.participant.clone())
    }
}

pub(crate) async fn handle<E: Acknowledgement>(app: App, event: Received<E>) -> Result<(), Error> {
    let consumer = format!("customer-erasure-completed-{}", E::DOMAIN);
    let (erasure_id, participant) = event.message.parts();
    let (service, done) = parse_done(participant)?;
    app.store
        .attempt(async || {
            let mut tx = app.store.begin(&event.tenant).await?;
            if !tx.first_sight(&consumer, &event.id).await? {
                return Ok(());
            }
            let found = erasures::get(&tx, erasure_id).await?;
            let after = acknowledge(&found.erasure, &service, done.clone(), app.store.now());
            if let Some(erasure) = after {
                erasures::save(&mut tx, &found, &erasure).await?;
            }
            tx.commit().await?;
            Ok(())
        })
        .await
}
