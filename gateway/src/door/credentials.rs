//! Who is it?

use http::{HeaderMap, header::AUTHORIZATION};
use postlude_chassis::Caller;
use postlude_kernel::{TenantId, Timestamp};

use super::{key_cache::KeyCache, refusal::Refusal};
use crate::{error::Error, keys};

/// The caller that the credentials stand for.
pub(super) async fn check(
    keys: &KeyCache,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Caller, Refusal> {
    let value = headers
        .get(AUTHORIZATION)
        .ok_or(Refusal::CredentialsMissing)?;
    let (scheme, credential) = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or(Refusal::CredentialsInvalid)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::CredentialsInvalid);
    }
    let (key_id, secret) =
        keys::parse_credential(credential.trim()).ok_or(Refusal::CredentialsInvalid)?;
    let key = keys
        .get(&key_id)
        .await?
        .ok_or(Refusal::CredentialsInvalid)?;
    if !keys::matches(secret, &key.secret_hash) {
        return Err(Refusal::CredentialsInvalid);
    }
    // Said only to whoever holds the secret.
    if key.revoke_time.is_some() {
        return Err(Refusal::KeyRevoked);
    }
    if key
        .expire_time
        .is_some_and(|expiry| expiry <= now.as_micros())
    {
        return Err(Refusal::KeyExpired);
    }
    Ok(Caller {
        tenant: TenantId::parse(&key.owner)
            .map_err(|_invalid| Refusal::Keys(Error::Corrupt("API key")))?,
        subject: format!("key:{}", key.key_id),
        scopes: key.scopes.split_whitespace().map(str::to_owned).collect(),
    })
}
