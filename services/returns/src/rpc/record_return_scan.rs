//! A scan of the parcel that comes back. Twice, late and out of order are all fine.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{RecordReturnScanRequest, Return};

use crate::{
    app::App,
    convert::{Unfit, return_request as convert},
    domain::return_request::{Command, decide},
    error::Error,
    save,
    timers::lost_in_transit,
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: RecordReturnScanRequest,
) -> Result<Return, Error> {
    let scan = request
        .scan
        .clone()
        .ok_or_else(|| Unfit::new("scan", "is required"))?;
    let scan = convert::parse_scan(scan)?;
    app.store
        .attempt(async || {
            let current = super::load(app, &caller.tenant, &request.return_id, "").await?;
            let command = Command::Scan(scan.clone());
            let decided = decide(&current, command, app.moment())?;
            let mut tx = app.store.begin(&caller.tenant).await?;
            save::changed(&mut tx, &decided).await?;
            if decided.changed {
                lost_in_transit::schedule(&mut tx, app, &request.return_id).await?;
            }
            let reply = save::reply(&tx, &decided.state).await?;
            tx.commit().await?;
            Ok(reply)
        })
        .await
}
