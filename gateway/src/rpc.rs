//! The admin service: one line per method.

mod create_api_key;
mod create_tenant;
mod list_api_keys;
mod revoke_api_key;

use postlude_chassis::{Caller, rpc::unary};
use postlude_kernel::TenantId;
use postlude_proto::gateway::v1::{
    ApiKey, CreateApiKeyRequest, CreateApiKeyResponse, CreateTenantRequest, ListApiKeysRequest,
    ListApiKeysResponse, RevokeApiKeyRequest, Tenant, admin_service_server::AdminService,
};
use tonic::{Request, Response, Status};

use crate::{App, error::Error, keys::PLATFORM_ADMIN};

/// The methods.
pub(crate) struct Rpc(pub(crate) App);

#[tonic::async_trait]
impl AdminService for Rpc {
    async fn create_tenant(
        &self,
        request: Request<CreateTenantRequest>,
    ) -> Result<Response<Tenant>, Status> {
        unary(request, |caller, message| {
            create_tenant::handle(&self.0, caller, message)
        })
        .await
    }

    async fn create_api_key(
        &self,
        request: Request<CreateApiKeyRequest>,
    ) -> Result<Response<CreateApiKeyResponse>, Status> {
        unary(request, |caller, message| {
            create_api_key::handle(&self.0, caller, message)
        })
        .await
    }

    async fn revoke_api_key(
        &self,
        request: Request<RevokeApiKeyRequest>,
    ) -> Result<Response<ApiKey>, Status> {
        unary(request, |caller, message| {
            revoke_api_key::handle(&self.0, caller, message)
        })
        .await
    }

    async fn list_api_keys(
        &self,
        request: Request<ListApiKeysRequest>,
    ) -> Result<Response<ListApiKeysResponse>, Status> {
        unary(request, |caller, message| {
            list_api_keys::handle(&self.0, caller, message)
        })
        .await
    }
}

/// The tenant whose keys are meant: the caller's own, or another one for a platform admin.
fn tenant_meant(caller: &Caller, asked: &str) -> Result<TenantId, Error> {
    if asked.is_empty() || asked == caller.tenant.as_str() {
        return Ok(caller.tenant.clone());
    }
    if !caller.holds(PLATFORM_ADMIN) {
        return Err(Error::NotPlatformAdmin);
    }
    TenantId::parse(asked).map_err(|_invalid| Error::TenantInvalid(asked.to_owned()))
}
