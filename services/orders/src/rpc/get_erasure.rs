//! GetErasure: how far an erasure has come; at its end, the receipt.

use postlude_chassis::Caller;
use postlude_proto::orders::v1::{Erasure, GetErasureRequest};

use crate::{App, convert::erasure::to_proto, error::Error, store::erasures};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: GetErasureRequest,
) -> Result<Erasure, Error> {
    let snapshot = app.store.read(&caller.tenant).await?;
    let found = erasures::get(&snapshot, &request.erasure_id).await?;
    Ok(to_proto(&found.erasure))
}
