//! The same `request_id` twice: one effect, the same answer.

use postlude_kernel::TenantId;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use sha2::{Digest as _, Sha256};

use crate::{Store, StoreError, tables::idempotency};

/// A request that can be told from another under the same `request_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    pub(crate) method: &'static str,
    pub(crate) request_id: String,
    pub(crate) digest: String,
}

impl RequestKey {
    /// The key of a request; `None` if it has no `request_id`, which means: no idempotency wanted.
    ///
    /// The `request_id` is the caller's within one tenant and one method.
    pub fn new<M: prost::Message>(
        method: &'static str,
        request_id: &str,
        request: &M,
    ) -> Option<Self> {
        (!request_id.is_empty()).then(|| Self {
            method,
            request_id: request_id.to_owned(),
            digest: hex::encode(Sha256::digest(request.encode_to_vec())),
        })
    }
}

impl Store {
    /// The answer that this request had before, if it came before.
    ///
    /// # Errors
    /// [`StoreError::RequestIdReused`] if the `request_id` came with another request;
    /// [`StoreError::CustomerErased`] if the answer is gone with the customer it was about.
    pub async fn recall<R: prost::Message + Default>(
        &self,
        tenant: &TenantId,
        key: &Option<RequestKey>,
    ) -> Result<Option<R>, StoreError> {
        let Some(key) = key else { return Ok(None) };
        let found = idempotency::Entity::find()
            .filter(idempotency::Column::Tenant.eq(tenant.as_str()))
            .filter(idempotency::Column::Method.eq(key.method))
            .filter(idempotency::Column::RequestId.eq(&key.request_id))
            .one(self.reader())
            .await?;
        let Some(found) = found else { return Ok(None) };
        if found.digest != key.digest {
            return Err(StoreError::RequestIdReused);
        }
        if found.redacted {
            return Err(StoreError::CustomerErased);
        }
        R::decode(found.reply.as_slice())
            .map(Some)
            .map_err(|_| StoreError::internal("a remembered reply doesn't decode"))
    }
}
