//! Erasures with their participants, and the opt-outs that outlive a customer.

use postlude_store::schema::{
    micros, micros_null, number, small_number, tenant, tenant_table, text,
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
                .table("erasures")
                .col(tenant())
                .col(text("erasure_id"))
                .col(text("customer"))
                .col(text("pseudonym"))
                .col(micros("request_time"))
                .col(micros_null("complete_time"))
                .col(number("version"))
                .col(number("erased_count"))
                .primary_key(Index::create().col("tenant").col("erasure_id"))
                .take(),
        )
        .await?;
        manager
            .create_index(
                Index::create()
                    .name("erasures_of_customer")
                    .table("erasures")
                    .col("tenant")
                    .col("customer")
                    .unique()
                    .take(),
            )
            .await?;
        tenant_table(
            manager,
            Table::create()
                .table("erasure_participants")
                .col(tenant())
                .col(text("erasure_id"))
                .col(text("service"))
                .col(micros_null("complete_time"))
                .col(number("erased_count"))
                .col(number("kept_count"))
                .col(text("kept_because"))
                .primary_key(
                    Index::create()
                        .col("tenant")
                        .col("erasure_id")
                        .col("service"),
                )
                .take(),
        )
        .await?;
        tenant_table(
            manager,
            Table::create()
                .table("opt_outs")
                .col(tenant())
                .col(text("contact"))
                .col(small_number("channel"))
                .col(small_number("purpose"))
                .col(micros("withdrawn_time"))
                .primary_key(
                    Index::create()
                        .col("tenant")
                        .col("contact")
                        .col("channel")
                        .col("purpose"),
                )
                .take(),
        )
        .await
    }
}
