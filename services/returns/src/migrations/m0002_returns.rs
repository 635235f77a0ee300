//! Quotes, returns, labels.

use postlude_store::schema::{blob, micros, number, small_number, tenant_table, text};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::{index, table};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "returns_0002_returns"
    }
}

#[allow(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and its macro wants the same"
)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let quote = table("quote", &["quote_id"])
            .col(text("quote_id"))
            .col(text("order_id"))
            .col(text("customer_id"))
            .col(micros("expires_at"))
            .col(text("facts_digest"))
            .col(blob("request"))
            .col(blob("body"))
            .take();
        tenant_table(manager, quote).await?;
        manager
            .create_index(index("quote", &["customer_id"]))
            .await?;
        let request = table("return_request", &["return_id"])
            .col(text("return_id"))
            .col(text("order_id"))
            .col(text("customer_id"))
            .col(small_number("state"))
            .col(micros("created_at"))
            .col(number("version"))
            .col(blob("body"))
            .take();
        tenant_table(manager, request).await?;
        for columns in [
            ["created_at", "return_id"],
            ["order_id", "created_at"],
            ["customer_id", "created_at"],
            ["state", "created_at"],
        ] {
            manager
                .create_index(index("return_request", &columns))
                .await?;
        }
        let label = table("return_label", &["label_id"])
            .col(text("label_id"))
            .col(blob("content"))
            .take();
        tenant_table(manager, label).await
    }
}
