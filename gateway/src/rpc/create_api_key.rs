//! CreateApiKey: nobody gives what they haven't.

use postlude_chassis::Caller;
use postlude_kernel::Timestamp;
use postlude_proto::gateway::v1::{CreateApiKeyRequest, CreateApiKeyResponse};

use super::tenant_meant;
use crate::{
    App,
    error::Error,
    keys::{self, KeyRequest, PLATFORM_ADMIN},
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: CreateApiKeyRequest,
) -> Result<CreateApiKeyResponse, Error> {
    let tenant = tenant_meant(&caller, &request.tenant_id)?;
    if !caller.holds(PLATFORM_ADMIN)
        && let Some(scope) = request.scopes.iter().find(|scope| !caller.holds(scope))
    {
        return Err(Error::ScopeNotHeld(scope.clone()));
    }
    let expire_time = request
        .expire_time
        .map(|time| Timestamp::from_seconds_nanos(time.seconds, time.nanos))
        .transpose()
        .map_err(|_invalid| Error::ExpireTime)?;
    let new = keys::create_key(
        &app.store,
        KeyRequest {
            tenant,
            scopes: request.scopes,
            display_name: request.display_name,
            expire_time,
        },
    )
    .await?;
    Ok(CreateApiKeyResponse {
        api_key: Some(new.api_key),
        secret: new.secret,
    })
}
