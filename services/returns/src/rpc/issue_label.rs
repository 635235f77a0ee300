//! Asks for a label, with the time of the pickup where a carrier comes: it is PENDING, and a worker
//! fetches it. Asking again changes nothing.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{IssueLabelRequest, Return};
use postlude_store::RequestKey;

use crate::{
    app::App,
    convert::{Unfit, return_request::parse_pickup},
    domain::return_request::{Command, Method, PickupWindow, decide},
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
            let pickup = pickup(app, &request, current.method)?;
            let command = Command::AskLabel(pickup);
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

/// When a carrier comes for the goods: agreed where one does, and nowhere else.
fn pickup(
    app: &App,
    request: &IssueLabelRequest,
    method: Method,
) -> Result<Option<PickupWindow>, Unfit> {
    let window = request
        .pickup_window
        .as_ref()
        .map(parse_pickup)
        .transpose()?;
    match (method, window) {
        (Method::Pickup, None) => Err(Unfit::new(
            "pickup_window",
            "is required for a return that is picked up",
        )),
        (Method::Pickup, Some(window)) if window.start < app.store.now() => Err(Unfit::new(
            "pickup_window.start_time",
            "must not be in the past",
        )),
        (Method::Mail | Method::Store, Some(_)) => Err(Unfit::new(
            "pickup_window",
            "must be absent unless the return is picked up",
        )),
        (_, window) => Ok(window),
    }
}
