//! CreateTenant.

use postlude_chassis::Caller;
use postlude_proto::gateway::v1::{CreateTenantRequest, Tenant};

use crate::{App, error::Error, keys};

pub(crate) async fn handle(
    app: &App,
    _caller: Caller,
    request: CreateTenantRequest,
) -> Result<Tenant, Error> {
    // Required by the contract's rules.
    let tenant = request.tenant.unwrap_or_default();
    keys::create_tenant(&app.store, &tenant.tenant_id, &tenant.display_name).await
}
