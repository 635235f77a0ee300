//! One return, with the label's bytes and the customer's words.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{GetReturnRequest, Return};

use crate::{app::App, error::Error, save, store::labels};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: GetReturnRequest,
) -> Result<Return, Error> {
    let scope = app.store.read(&caller.tenant).await?;
    let state = super::find(&scope, &request.return_id).await?;
    let mut reply = save::reply(&scope, &state).await?;
    for (line, known) in reply.lines.iter_mut().zip(&state.lines) {
        line.comment.clone_from(&known.comment);
    }
    if let Some(label) = &mut reply.label {
        label.content = labels::content(&scope, &label.label_id)
            .await?
            .unwrap_or_default();
    }
    Ok(reply)
}
