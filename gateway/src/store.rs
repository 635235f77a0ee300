//! The gateway's tables.
//!
//! Their rows belong to the platform, not to the retailer that they are about: a key must be found
//! before anybody knows whose it is. So they stand under a tenant of their own, [`PLATFORM`], which
//! no retailer can be.

pub(crate) mod api_keys;
pub(crate) mod tenants;

use postlude_kernel::TenantId;

use crate::error::Error;

/// The tenant of the platform's own rows.
pub(crate) const PLATFORM: &str = "platform";

/// The same, as an id.
pub(crate) fn platform() -> Result<TenantId, Error> {
    TenantId::parse(PLATFORM).map_err(|_invalid| Error::Corrupt("tenant"))
}
