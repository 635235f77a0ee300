//! Asks the retailer's payment system for the refund of every judged line, once: the money is taken out
//! of the limits here, a worker sends the command. Instant exchanges whose goods are judged, or will not
//! come any more, are settled with it.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{RefundReturnRequest, Return};
use postlude_store::RequestKey;

use crate::{
    app::App,
    domain::return_request::{Command, decide},
    error::Error,
    save, settlement,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: RefundReturnRequest,
) -> Result<Return, Error> {
    let key = RequestKey::new("RefundReturn", &request.request_id, &request);
    let tenant = &caller.tenant;
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let current = super::load(app, tenant, &request.return_id, &request.etag).await?;
            let due = current.due(request.include_lost);
            let planned = settlement::planned(app, tenant, &current.order_id, &due).await?;
            let command = Command::Refund(planned.plans.clone());
            let decided = decide(&current, command, app.moment())?;
            let asked = decided.asked_since(&current);

            let mut tx = app.store.begin(tenant).await?;
            save::changed(&mut tx, &decided).await?;
            settlement::ask(&mut tx, app, &decided, asked, planned).await?;
            let reply = save::reply(&tx, &decided.state).await?;
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
