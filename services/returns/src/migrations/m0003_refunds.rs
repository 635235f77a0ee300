//! Refunds, the attempts to ask for them, and where to ask.

use postlude_store::schema::{
    blob, flag, micros, micros_null, number, tenant_table, text, text_null,
};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::{index, table};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "returns_0003_refunds"
    }
}

#[allow(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and its macro wants the same"
)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let refund = table("refund", &["refund_id"])
            .col(text("refund_id"))
            .col(text("return_id"))
            .col(text("order_id"))
            .col(flag("open"))
            .col(number("attempt_count"))
            .col(text("last_failure"))
            .col(blob("body"))
            .take();
        tenant_table(manager, refund).await?;
        manager
            .create_index(index("refund", &["return_id"]))
            .await?;
        manager.create_index(index("refund", &["open"])).await?;
        let attempt = table("refund_attempt", &["refund_id", "attempt"])
            .col(text("refund_id"))
            .col(number("attempt"))
            .col(micros("started_at"))
            .col(micros_null("ended_at"))
            .col(text_null("outcome"))
            .take();
        tenant_table(manager, attempt).await?;
        let settings = table("return_settings", &[])
            .col(text("payment_endpoint"))
            .col(text("payment_endpoint_secret"))
            .col(number("store_credit_bonus"))
            .col(number("instant_exchange_days"))
            .col(number("revision"))
            .take();
        tenant_table(manager, settings).await
    }
}
