//! RecordPayment: adds a fact about money.

use postlude_chassis::Caller;
use postlude_proto::orders::v1::{Order, RecordPaymentRequest};
use postlude_store::RequestKey;

use crate::{
    App,
    convert::order::{parse_payment, to_proto},
    domain::payment::record,
    error::Error,
    store::orders,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: RecordPaymentRequest,
) -> Result<Order, Error> {
    let key = RequestKey::new("RecordPayment", &request.request_id, &request);
    let payment = parse_payment(request.payment)?;
    let (tenant, order_id) = (&caller.tenant, request.order_id);
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let before = orders::get(&app.store.read(tenant).await?, &order_id).await?;
            let changed = record(&before, payment.clone(), app.store.now())?;

            let mut tx = app.store.begin(tenant).await?;
            tx.about(&before.content.customer_id);
            let reply = match &changed {
                Some(changed) => {
                    orders::save(&mut tx, Some(before.revision), changed).await?;
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
