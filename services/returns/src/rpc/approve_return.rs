//! A person says yes to a return that needs review; from now on the goods have their time.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{ApproveReturnRequest, Return};
use postlude_store::RequestKey;

use crate::{
    app::App,
    domain::return_request::{Command, decide},
    error::Error,
    save,
    timers::expire_return,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ApproveReturnRequest,
) -> Result<Return, Error> {
    let key = RequestKey::new("ApproveReturn", &request.request_id, &request);
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(&caller.tenant, &key).await? {
                return Ok(reply);
            }
            let current =
                super::load(app, &caller.tenant, &request.return_id, &request.etag).await?;
            let command = Command::Approve {
                note: request.note.clone(),
                return_by: app
                    .store
                    .now()
                    .plus_days(i64::from(app.config.send_back_days)),
                keep_item: request.keep_item,
            };
            let decided = decide(&current, command, app.moment())?;
            let mut tx = app.store.begin(&caller.tenant).await?;
            save::changed(&mut tx, &decided).await?;
            if let Some(return_by) = decided.state.return_by {
                expire_return::schedule(&mut tx, &decided.state.return_id, return_by).await?;
            }
            let reply = save::reply(&tx, &decided.state).await?;
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
