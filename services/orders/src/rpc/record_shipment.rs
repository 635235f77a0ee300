//! RecordShipment: creates a shipment or replaces what was stated of it.

use postlude_chassis::Caller;
use postlude_proto::orders::v1::{Order, RecordShipmentRequest};
use postlude_store::RequestKey;

use crate::{
    App,
    convert::{order::to_proto, shipment::parse_stated},
    domain::shipment::record,
    error::Error,
    store::orders,
    timers::stuck_shipment,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: RecordShipmentRequest,
) -> Result<Order, Error> {
    let key = RequestKey::new("RecordShipment", &request.request_id, &request);
    let stated = parse_stated(request.shipment)?;
    let (tenant, order_id) = (&caller.tenant, request.order_id);
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let before = orders::get(&app.store.read(tenant).await?, &order_id).await?;
            let changed = record(&before, stated.clone(), app.store.now())?;

            let mut tx = app.store.begin(tenant).await?;
            tx.about(&before.content.customer_id);
            let reply = match &changed {
                Some(changed) => {
                    orders::save(&mut tx, Some(before.revision), changed).await?;
                    stuck_shipment::set(app, &mut tx, &changed.order, &stated.shipment_id).await?;
                    to_proto(&changed.order)
                }
                None => to_proto(&before),
            };
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
