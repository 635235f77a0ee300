//! Asks for a label: it is PENDING, and a worker fetches it. Asking again changes nothing.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{IssueLabelRequest, Return};
use postlude_store::RequestKey;

use crate::{
    app::App,
    domain::return_request::{Command, decide},
    error::Error,
    save,
    timers::issue_label,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: IssueLabelRequest,
) -> Result<Return, Error> {
    let key = RequestKey::new("IssueLabel", &request.request_id, &request);
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(&caller.tenant, &key).await? {
                return Ok(reply);
            }
            let current = super::load(app, &caller.tenant, &request.return_id, "").await?;
            let command = Command::AskLabel;
            let decided = decide(&current, command, app.moment())?;
            let mut tx = app.store.begin(&caller.tenant).await?;
            save::changed(&mut tx, &decided).await?;
            if decided.changed {
                issue_label::schedule(&mut tx, &decided.state.return_id, app.store.now()).await?;
            }
            let reply = save::reply(&tx, &decided.state).await?;
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
