//! Customers, their personal data apart, and the history of their consents.

use postlude_store::schema::{
    blob, flag, micros, number, small_number, tenant, tenant_table, text,
};
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[allow(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and its macro wants the same"
)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        tenant_table(
            manager,
            Table::create()
                .table("customers")
                .col(tenant())
                .col(text("customer_id"))
                .col(number("revision"))
                .col(micros("update_time"))
                .primary_key(Index::create().col("tenant").col("customer_id"))
                .take(),
        )
        .await?;
        tenant_table(
            manager,
            Table::create()
                .table("customer_profiles")
                .col(tenant())
                .col(text("customer_id"))
                .col(blob("body"))
                .primary_key(Index::create().col("tenant").col("customer_id"))
                .take(),
        )
        .await?;
        tenant_table(
            manager,
            Table::create()
                .table("consents")
                .col(tenant())
                .col(text("consent_id"))
                .col(text("customer_id"))
                .col(small_number("channel"))
                .col(small_number("purpose"))
                .col(flag("granted"))
                .col(text("source"))
                .col(text("text_shown"))
                .col(micros("occurred_time"))
                .primary_key(Index::create().col("tenant").col("consent_id"))
                .take(),
        )
        .await?;
        manager
            .create_index(
                Index::create()
                    .name("consents_of_customer")
                    .table("consents")
                    .col("tenant")
                    .col("customer_id")
                    .take(),
            )
            .await
    }
}
