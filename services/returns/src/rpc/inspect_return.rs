//! Units that were counted are judged, each with what happens with it.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{InspectReturnRequest, InspectedLine, Return};
use postlude_store::RequestKey;

use crate::{
    app::App,
    convert::{Unfit, count, words},
    domain::return_request::{Command, Judgement, decide},
    error::Error,
    save,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: InspectReturnRequest,
) -> Result<Return, Error> {
    let key = RequestKey::new("InspectReturn", &request.request_id, &request);
    let judgements: Vec<Judgement> = request
        .lines
        .iter()
        .enumerate()
        .map(|(index, line)| parse(index, line))
        .collect::<Result<_, Error>>()?;
    app.store
        .attempt(async || {
            if let Some(reply) = app.store.recall(&caller.tenant, &key).await? {
                return Ok(reply);
            }
            let current =
                super::load(app, &caller.tenant, &request.return_id, &request.etag).await?;
            let command = Command::Inspect(judgements.clone());
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

fn parse(index: usize, line: &InspectedLine) -> Result<Judgement, Error> {
    if line.rejected && line.note.is_empty() {
        let field = format!("lines[{index}].note");
        return Err(Unfit::new(field, "is required where units are rejected").into());
    }
    Ok(Judgement {
        return_line_id: line.return_line_id.clone(),
        quantity: count("lines.quantity", line.quantity)?,
        disposition: words::disposition("lines.disposition", line.disposition)?,
        rejected: line.rejected,
        note: line.note.clone(),
    })
}
