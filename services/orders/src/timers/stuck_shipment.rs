//! A parcel that is silent for too long is delayed: `delivery-delayed` with the cause STUCK.
//!
//! One timer per shipment of a live order, set again by every sign of life.

use postlude_store::{DueTimer, StoreError, Tx};
use prost::Message as _;

use crate::{
    App,
    domain::{
        order::Order,
        shipment::{Silence, judge_silence},
    },
    error::Error,
    store::orders,
};

/// The timer's kind.
pub(crate) const KIND: &str = "stuck-shipment";

/// Which parcel the timer is about.
#[derive(Clone, PartialEq, prost::Message)]
struct Parcel {
    #[prost(string, tag = "1")]
    order_id: String,
    #[prost(string, tag = "2")]
    shipment_id: String,
}

/// Sets a parcel's timer, or takes it back where silence means nothing.
pub(crate) async fn set(
    app: &App,
    tx: &mut Tx,
    order: &Order,
    shipment_id: &str,
) -> Result<(), StoreError> {
    if !order.is_live() {
        return Ok(());
    }
    let parcel = Parcel {
        order_id: order.content.order_id.clone(),
        shipment_id: shipment_id.to_owned(),
    };
    let due = order
        .shipment(shipment_id)
        .and_then(|shipment| shipment.silent_at(app.config.stuck_after(), app.store.now()));
    match due {
        Some(due) => {
            tx.schedule(KIND, &parcel.key(), due, &parcel.encode_to_vec())
                .await
        }
        None => tx.cancel_timer(KIND, &parcel.key()).await,
    }
}

/// Judges the parcel whose timer is due.
pub(crate) async fn fire(app: App, timer: DueTimer) -> Result<(), Error> {
    let parcel = Parcel::decode(timer.payload.as_slice()).map_err(|source| Error::Corrupt {
        what: "timer",
        source: Some(source),
    })?;
    app.store
        .attempt(async || {
            let mut tx = app.store.begin(&timer.tenant).await?;
            let order = orders::find(&tx, &parcel.order_id).await?;
            let silence = order.as_ref().map_or(Silence::Over, |order| {
                let patience = app.config.stuck_after();
                judge_silence(order, &parcel.shipment_id, patience, app.store.now())
            });
            match silence {
                Silence::Over => tx.finish_timer(&timer).await?,
                Silence::Until(due) => tx.reschedule_timer(&timer, due).await?,
                Silence::Stuck(changed) => {
                    let seen = order.map(|order| order.revision);
                    orders::save(&mut tx, seen, &changed).await?;
                    tx.finish_timer(&timer).await?;
                }
            }
            tx.commit().await?;
            Ok(())
        })
        .await
}

impl Parcel {
    /// Unique whatever characters the two numbers hold.
    fn key(&self) -> String {
        format!(
            "{}:{}{}",
            self.order_id.len(),
            self.order_id,
            self.shipment_id
        )
    }
}
