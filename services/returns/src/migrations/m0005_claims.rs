//! Claims.

use postlude_store::schema::{blob, micros, number, small_number, tenant_table, text};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::{index, table};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "returns_0005_claims"
    }
}

#[allow(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and its macro wants the same"
)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let claim = table("claim", &["claim_id"])
            .col(text("claim_id"))
            .col(text("order_id"))
            .col(text("customer_id"))
            .col(small_number("state"))
            .col(micros("created_at"))
            .col(number("revision"))
            .col(blob("body"))
            .take();
        tenant_table(manager, claim).await?;
        for columns in [
            ["created_at", "claim_id"],
            ["order_id", "created_at"],
            ["customer_id", "created_at"],
            ["state", "created_at"],
        ] {
            manager.create_index(index("claim", &columns)).await?;
        }
        Ok(())
    }
}
