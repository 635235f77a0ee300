//! RevokeApiKey: this gateway forgets the key at once, others within a second.

use postlude_chassis::Caller;
use postlude_proto::gateway::v1::{ApiKey, RevokeApiKeyRequest};

use crate::{
    App,
    error::Error,
    keys::{self, PLATFORM_ADMIN},
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: RevokeApiKeyRequest,
) -> Result<ApiKey, Error> {
    let owner = (!caller.holds(PLATFORM_ADMIN)).then_some(&caller.tenant);
    let key = keys::revoke_key(&app.store, &request.key_id, owner).await?;
    app.keys.forget(&request.key_id);
    Ok(key)
}
