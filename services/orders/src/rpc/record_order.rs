//! RecordOrder: creates an order or replaces what was stated of it.

use postlude_chassis::Caller;
use postlude_proto::orders::v1::{Order, RecordOrderRequest};
use postlude_store::{RequestKey, Scope as _};

use crate::{
    App,
    convert::order::{parse_content, to_proto},
    domain::{order::record, refusal::Refusal},
    error::Error,
    store::orders,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: RecordOrderRequest,
) -> Result<Order, Error> {
    let key = RequestKey::new("RecordOrder", &request.request_id, &request);
    let content = parse_content(request.order.unwrap_or_default())?;
    let (tenant, etag) = (&caller.tenant, request.etag);
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let before = orders::find(&app.store.read(tenant).await?, &content.order_id).await?;
            let seen = before.as_ref().map(|order| order.revision);
            let unchanged = before.as_ref().map(to_proto);
            let changed = record(before, content.clone(), &etag, app.store.now())?;

            let mut tx = app.store.begin(tenant).await?;
            if tx.is_erased(&content.customer_id).await? {
                return Err(Refusal::CustomerErased.into());
            }
            tx.about(&content.customer_id);
            let reply = match &changed {
                Some(changed) => {
                    orders::save(&mut tx, seen, changed).await?;
                    to_proto(&changed.order)
                }
                None => unchanged.unwrap_or_default(),
            };
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
