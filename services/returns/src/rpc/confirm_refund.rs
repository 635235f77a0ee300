//! The payment system reports what became of a refund, on its own or because nobody asked it.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{
    ConfirmRefundRequest, Return, confirm_refund_request::Result as Reported,
};
use postlude_store::RequestKey;

use crate::{
    app::App,
    convert::Unfit,
    domain::return_request::{Command, decide},
    error::Error,
    save, settlement,
    store::refunds,
    timers::refund_command,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ConfirmRefundRequest,
) -> Result<Return, Error> {
    let key = RequestKey::new("ConfirmRefund", &request.request_id, &request);
    let tenant = &caller.tenant;
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(tenant, &key).await? {
                return Ok(reply);
            }
            let scope = app.store.read(tenant).await?;
            let refund = refunds::find(&scope, &request.refund_id)
                .await?
                .ok_or_else(|| Error::RefundNotFound(request.refund_id.clone()))?;
            let current = super::find(&scope, &refund.return_id).await?;
            drop(scope);
            let decided = decide(&current, command(&request)?, app.moment())?;

            let mut tx = app.store.begin(tenant).await?;
            settlement::settle(&mut tx, &refund, &decided).await?;
            tx.cancel_timer(refund_command::KIND, &refund.refund_id)
                .await?;
            let reply = save::reply(&tx, &decided.state).await?;
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}

fn command(request: &ConfirmRefundRequest) -> Result<Command, Error> {
    let refund_id = request.refund_id.clone();
    match request.result() {
        Reported::Confirmed => Ok(Command::ConfirmRefund {
            refund_id,
            external_reference: request.external_reference.clone(),
        }),
        Reported::Failed => Ok(Command::FailRefund {
            refund_id,
            failure: request.failure.clone(),
        }),
        Reported::Unspecified => Err(Unfit::new("result", "is required").into()),
    }
}
