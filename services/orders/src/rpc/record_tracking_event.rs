//! RecordTrackingEvent: takes in one scan of a carrier, whenever it comes and however often.
//!
//! Needs no `request_id`: the scan's own id makes a retry change nothing.

use postlude_chassis::Caller;
use postlude_proto::orders::v1::{RecordTrackingEventRequest, Shipment};

use crate::{
    App,
    convert::shipment::{parse_scan, to_proto},
    domain::{refusal::Refusal, tracking::record},
    error::Error,
    store::orders,
    timers::stuck_shipment,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: RecordTrackingEventRequest,
) -> Result<Shipment, Error> {
    let scan = parse_scan(request.event)?;
    let (tenant, order_id, shipment_id) = (&caller.tenant, request.order_id, request.shipment_id);
    app.store
        .attempt(async || {
            let before = orders::get(&app.store.read(tenant).await?, &order_id).await?;
            let changed = record(&before, &shipment_id, scan.clone(), app.store.now())?;

            let order = match &changed {
                Some(changed) => {
                    let mut tx = app.store.begin(tenant).await?;
                    orders::save(&mut tx, Some(before.revision), changed).await?;
                    stuck_shipment::set(app, &mut tx, &changed.order, &shipment_id).await?;
                    tx.commit().await?;
                    &changed.order
                }
                None => &before,
            };
            let shipment =
                order
                    .shipment(&shipment_id)
                    .ok_or_else(|| Refusal::ShipmentNotFound {
                        shipment_id: shipment_id.clone(),
                    })?;
            Ok(to_proto(shipment))
        })
        .await
}
