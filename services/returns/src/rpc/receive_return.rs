//! What has come back is counted, as far as it has.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{ReceiveReturnRequest, Return};
use postlude_store::RequestKey;

use crate::{
    app::App,
    convert::count,
    domain::return_request::{Command, decide},
    error::Error,
    save,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ReceiveReturnRequest,
) -> Result<Return, Error> {
    let key = RequestKey::new("ReceiveReturn", &request.request_id, &request);
    let counted: Vec<(String, u32)> = request
        .lines
        .iter()
        .map(|line| {
            let quantity = count("lines.quantity", line.quantity)?;
            Ok((line.return_line_id.clone(), quantity))
        })
        .collect::<Result<_, Error>>()?;
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(&caller.tenant, &key).await? {
                return Ok(reply);
            }
            let current =
                super::load(app, &caller.tenant, &request.return_id, &request.etag).await?;
            let command = Command::Receive(counted.clone());
            let decided = decide(&current, command, app.moment())?;
            let mut tx = app.store.begin(&caller.tenant).await?;
            save::changed(&mut tx, &decided).await?;
            let reply = save::reply(&tx, &decided.state).await?;
            tx.remember(&key, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
