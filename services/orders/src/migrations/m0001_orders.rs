//! Orders.

use postlude_store::schema::{blob, micros, number, tenant, tenant_table, text};
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
                .table("orders")
                .col(tenant())
                .col(text("order_id"))
                .col(text("customer_id"))
                .col(micros("placed_time"))
                .col(number("revision"))
                .col(blob("body"))
                .primary_key(Index::create().col("tenant").col("order_id"))
                .take(),
        )
        .await?;
        manager
            .create_index(
                Index::create()
                    .name("orders_newest")
                    .table("orders")
                    .col("tenant")
                    .col("placed_time")
                    .col("order_id")
                    .take(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("orders_of_customer")
                    .table("orders")
                    .col("tenant")
                    .col("customer_id")
                    .col("placed_time")
                    .col("order_id")
                    .take(),
            )
            .await
    }
}
