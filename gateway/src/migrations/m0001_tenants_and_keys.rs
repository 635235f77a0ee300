//! Tenants and API keys.

use postlude_store::schema::{micros, micros_null, tenant, tenant_table, text};
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
                .table("tenants")
                .col(tenant())
                .col(text("tenant_id"))
                .col(text("display_name"))
                .col(micros("create_time"))
                .primary_key(Index::create().col("tenant").col("tenant_id"))
                .take(),
        )
        .await?;
        tenant_table(
            manager,
            Table::create()
                .table("api_keys")
                .col(tenant())
                .col(text("key_id"))
                .col(text("owner"))
                .col(text("display_name"))
                .col(text("scopes"))
                .col(text("secret_hash"))
                .col(micros("create_time"))
                .col(micros_null("expire_time"))
                .col(micros_null("revoke_time"))
                .primary_key(Index::create().col("tenant").col("key_id"))
                .take(),
        )
        .await?;
        manager
            .create_index(
                Index::create()
                    .name("api_keys_of_owner")
                    .table("api_keys")
                    .col("tenant")
                    .col("owner")
                    .col("key_id")
                    .take(),
            )
            .await
    }
}
