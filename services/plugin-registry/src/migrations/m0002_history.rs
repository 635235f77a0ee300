//! What was put into service, for rollbacks.

use postlude_store::schema::{blob, number, tenant, tenant_table, text};
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
        let table = Table::create()
            .table(Alias::new("installation_history"))
            .col(tenant())
            .col(text("plugin_id"))
            .col(number("generation"))
            .col(number("revision"))
            .col(blob("body"))
            .primary_key(
                Index::create()
                    .col(Alias::new("tenant"))
                    .col(Alias::new("plugin_id"))
                    .col(Alias::new("generation")),
            )
            .to_owned();
        tenant_table(manager, table).await
    }
}
