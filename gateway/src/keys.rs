//! Tenants and API keys.
//!
//! The admin service and the command line use the same functions; the command line calls them on
//! the gateway's store, also while a platform runs on it. A running gateway sees a change within a
//! second.
//!
//! A credential is `plk_<ULID>_<secret>`; the key's id is `key_<the same ULID>`. The secret has 256
//! random bits and is kept as its SHA-256 only.

use postlude_chassis::secret::random_bytes;
use postlude_kernel::{TenantId, Timestamp};
use postlude_proto::gateway::v1 as pb;
use postlude_store::Store;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::{
    convert,
    error::Error,
    store::{PLATFORM, api_keys, platform, tenants},
};

/// The scope that manages every tenant.
pub const PLATFORM_ADMIN: &str = "platform.admin";

const CREDENTIAL: &str = "plk";
const KEY: &str = "key";

/// A new key and its credential, which can't be had again.
#[derive(Clone)]
pub struct NewKey {
    /// The key.
    pub api_key: pb::ApiKey,
    /// `plk_…`.
    pub secret: String,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("NewKey").field(&self.api_key.key_id).finish()
    }
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct KeyRequest {
    /// Whose it is.
    pub tenant: TenantId,
    /// What it may do.
    pub scopes: Vec<String>,
    /// What it is for.
    pub display_name: String,
    /// When it stops working.
    pub expire_time: Option<Timestamp>,
}

/// Creates a tenant.
///
/// # Errors
/// [`Error::TenantInvalid`], [`Error::TenantExists`], or the database's.
pub async fn create_tenant(
    store: &Store,
    tenant_id: &str,
    display_name: &str,
) -> Result<pb::Tenant, Error> {
    if tenant_id == PLATFORM || TenantId::parse(tenant_id).is_err() {
        return Err(Error::TenantInvalid(tenant_id.to_owned()));
    }
    let now = store.now().as_micros();
    store
        .attempt(async || {
            let mut tx = store.begin(&platform()?).await?;
            if tenants::find(&tx, tenant_id).await?.is_some() {
                return Err(Error::TenantExists(tenant_id.to_owned()));
            }
            tenants::insert(&mut tx, tenant_id, display_name, now).await?;
            tx.commit().await?;
            Ok(())
        })
        .await?;
    Ok(pb::Tenant {
        tenant_id: tenant_id.to_owned(),
        display_name: display_name.to_owned(),
        create_time: Some(convert::time(now)),
    })
}

/// The tenant, if it is there.
///
/// # Errors
/// The database's.
pub async fn find_tenant(store: &Store, tenant_id: &str) -> Result<Option<pb::Tenant>, Error> {
    let scope = store.read(&platform()?).await?;
    Ok(tenants::find(&scope, tenant_id).await?.map(convert::tenant))
}

/// Creates an API key.
///
/// # Errors
/// [`Error::TenantNotFound`], [`Error::ScopeUnknown`], [`Error::ExpireTime`], or the database's.
pub async fn create_key(store: &Store, request: KeyRequest) -> Result<NewKey, Error> {
    let known = postlude_proto::scopes();
    if let Some(unknown) = request
        .scopes
        .iter()
        .find(|scope| !known.contains(&scope.as_str()))
    {
        return Err(Error::ScopeUnknown(unknown.clone()));
    }
    let now = store.now();
    if request.expire_time.is_some_and(|expiry| expiry <= now) {
        return Err(Error::ExpireTime);
    }
    let mut scopes = request.scopes;
    scopes.sort_unstable();
    scopes.dedup();
    let ulid = store.ids().ulid(now);
    let key_id = format!("{KEY}_{ulid}");
    let secret = hex::encode(random_bytes::<32>()?);
    let row = store
        .attempt(async || {
            let mut tx = store.begin(&platform()?).await?;
            if tenants::find(&tx, request.tenant.as_str()).await?.is_none() {
                return Err(Error::TenantNotFound(request.tenant.to_string()));
            }
            let key = api_keys::New {
                key_id: key_id.clone(),
                owner: request.tenant.as_str().to_owned(),
                display_name: request.display_name.clone(),
                scopes: scopes.clone(),
                secret_hash: hash(&secret),
                create_time: now.as_micros(),
                expire_time: request.expire_time.map(Timestamp::as_micros),
            };
            api_keys::insert(&mut tx, key).await?;
            let row = api_keys::find(&tx, &key_id).await?;
            tx.commit().await?;
            row.ok_or(Error::Corrupt("API key"))
        })
        .await?;
    Ok(NewKey {
        api_key: convert::api_key(row),
        secret: format!("{CREDENTIAL}_{ulid}_{secret}"),
    })
}

/// Revokes a key; a key that is revoked already stays as it is. `owner` narrows to one tenant's
/// keys.
///
/// # Errors
/// [`Error::ApiKeyNotFound`], or the database's.
pub async fn revoke_key(
    store: &Store,
    key_id: &str,
    owner: Option<&TenantId>,
) -> Result<pb::ApiKey, Error> {
    let now = store.now().as_micros();
    let row = store
        .attempt(async || {
            let mut tx = store.begin(&platform()?).await?;
            let unknown = || Error::ApiKeyNotFound(key_id.to_owned());
            let found = api_keys::find(&tx, key_id).await?.ok_or_else(unknown)?;
            if owner.is_some_and(|owner| owner.as_str() != found.owner) {
                return Err(unknown());
            }
            api_keys::revoke(&mut tx, key_id, now).await?;
            let row = api_keys::find(&tx, key_id).await?.ok_or_else(unknown)?;
            tx.commit().await?;
            Ok(row)
        })
        .await?;
    Ok(convert::api_key(row))
}

/// The key's id and the secret in a credential.
pub(crate) fn parse_credential(text: &str) -> Option<(String, &str)> {
    let (ulid, secret) = text
        .strip_prefix(CREDENTIAL)?
        .strip_prefix('_')?
        .split_once('_')?;
    let plausible = ulid.len() == 26
        && ulid.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && secret.len() == 64;
    plausible.then(|| (format!("{KEY}_{ulid}"), secret))
}

/// Whether the secret is the one that was hashed; takes the same time either way.
pub(crate) fn matches(secret: &str, secret_hash: &str) -> bool {
    hash(secret).as_bytes().ct_eq(secret_hash.as_bytes()).into()
}

fn hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}
