//! The service's tables: one file each, with the entity and its named queries, all within one tenant.
//!
//! A row that stands for an aggregate keeps it as the encoded public message in `body`; what is asked
//! for or must be unique has a column beside it. Limits are plain columns with a version.

pub(crate) mod claims;
pub(crate) mod labels;
pub(crate) mod orders;
pub(crate) mod quotes;
pub(crate) mod refund_attempts;
pub(crate) mod refundable_payments;
pub(crate) mod refunds;
pub(crate) mod returnable_lines;
pub(crate) mod returns;
pub(crate) mod runs;
pub(crate) mod settings;
pub(crate) mod terms;
pub(crate) mod windows;

use postlude_store::StoreError;
use prost::Message;

/// Says which column of the entity beside holds the tenant, and that nothing hooks into its saving.
macro_rules! tenant_table {
    () => {
        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub(crate) enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}

        impl postlude_store::TenantTable for Entity {
            fn tenant_column() -> Self::Column {
                Column::Tenant
            }
        }
    };
}
pub(crate) use tenant_table;

/// Reads a stored message back.
fn decode<M: Message + Default>(what: &str, body: &[u8]) -> Result<M, StoreError> {
    M::decode(body).map_err(|error| unreadable(what, error))
}

/// A row of ours that we can't read: a bug, or a hand in the database.
pub(crate) fn unreadable(what: &str, error: impl std::fmt::Display) -> StoreError {
    StoreError::Internal {
        what: format!("a stored {what} can't be read: {error}"),
        source: None,
    }
}

/// Units as a column.
fn units(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(0)
}
