//! One claim, with the customer's words.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{Claim, GetClaimRequest};

use crate::{app::App, convert::claim as convert, error::Error};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: GetClaimRequest,
) -> Result<Claim, Error> {
    let scope = app.store.read(&caller.tenant).await?;
    let claim = super::find_claim(&scope, &request.claim_id).await?;
    Ok(convert::stored(&claim))
}
