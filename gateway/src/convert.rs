//! Rows → contract.

use postlude_kernel::Timestamp;
use postlude_proto::gateway::v1 as pb;

use crate::store::{api_keys, tenants};

/// A point in time as the contract has it.
pub(crate) fn time(micros: i64) -> prost_types::Timestamp {
    let (seconds, nanos) = Timestamp::from_micros(micros).to_seconds_nanos();
    prost_types::Timestamp { seconds, nanos }
}

/// A tenant.
pub(crate) fn tenant(row: tenants::Model) -> pb::Tenant {
    pb::Tenant {
        tenant_id: row.tenant_id,
        display_name: row.display_name,
        create_time: Some(time(row.create_time)),
    }
}

/// A key, without its secret.
pub(crate) fn api_key(row: api_keys::Model) -> pb::ApiKey {
    pb::ApiKey {
        key_id: row.key_id,
        tenant_id: row.owner,
        display_name: row.display_name,
        scopes: row.scopes.split_whitespace().map(str::to_owned).collect(),
        create_time: Some(time(row.create_time)),
        expire_time: row.expire_time.map(time),
        revoke_time: row.revoke_time.map(time),
    }
}
