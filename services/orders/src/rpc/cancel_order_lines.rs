//! CancelOrderLines: takes units away before they are shipped.

use postlude_chassis::Caller;
use postlude_proto::orders::v1::{CancelOrderLinesRequest, Order};
use postlude_store::RequestKey;

use crate::{
    App,
    convert::{order::to_proto, shipment::parse_lines},
    domain::cancellation::cancel,
    error::Error,
    store::orders,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: CancelOrderLinesRequest,
) -> Result<Order, Error> {
    let key = RequestKey::new("CancelOrderLines", &request.request_id, &request);
    let lines = parse_lines("lines", request.lines)?;
    let (tenant, order_id, etag) = (&caller.tenant, request.order_id, request.etag);
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let before = orders::get(&app.store.read(tenant).await?, &order_id).await?;
            let changed = cancel(&before, &lines, &etag, app.store.now())?;

            let mut tx = app.store.begin(tenant).await?;
            tx.about(&before.content.customer_id);
            orders::save(&mut tx, Some(before.revision), &changed).await?;
            let reply = to_proto(&changed.order);
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
