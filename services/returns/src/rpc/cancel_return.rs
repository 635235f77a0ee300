//! A return is called off before the goods are on their way; its units are free again.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{CancelReturnRequest, Return};
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
    request: CancelReturnRequest,
) -> Result<Return, Error> {
    let key = RequestKey::new("CancelReturn", &request.request_id, &request);
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(&caller.tenant, &key).await? {
                return Ok(reply);
            }
            let current =
                super::load(app, &caller.tenant, &request.return_id, &request.etag).await?;
            let command = Command::Cancel;
            let decided = decide(&current, command, app.moment())?;
            let mut tx = app.store.begin(&caller.tenant).await?;
            save::changed(&mut tx, &decided).await?;
            tx.cancel_timer(expire_return::KIND, &decided.state.return_id)
                .await?;
            let reply = save::reply(&tx, &decided.state).await?;
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
