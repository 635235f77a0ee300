//! Runs of the policy.

use postlude_store::schema::{blob, flag, micros, tenant_table, text};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::{index, table};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "returns_0004_runs"
    }
}

#[allow(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and its macro wants the same"
)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let run = table("return_run", &["run_id"])
            .col(text("run_id"))
            .col(text("hook"))
            .col(text("subject"))
            .col(text("customer_id"))
            .col(micros("run_at"))
            .col(flag("erased"))
            .col(blob("body"))
            .take();
        tenant_table(manager, run).await?;
        for columns in [&["hook", "run_at"][..], &["subject"], &["customer_id"]] {
            manager.create_index(index("return_run", columns)).await?;
        }
        Ok(())
    }
}
