//! The tables that every service's database has.

use sea_orm::{
    ConditionalStatement as _, DbErr, DynIden,
    sea_query::{Expr, ExprTrait as _},
};
use sea_orm_migration::{
    MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait,
    sea_query::{Alias, Index, IntoIden, Table},
};

use crate::schema::{
    blob, flag, micros, micros_null, number, small_number, tenant, text, text_null,
};

pub(crate) struct StoreMigrator;

impl MigratorTrait for StoreMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(M0001Tables)]
    }

    fn migration_table_name() -> DynIden {
        Alias::new("store_migrations").into_iden()
    }
}

struct M0001Tables;

impl MigrationName for M0001Tables {
    fn name(&self) -> &str {
        "store_0001_tables"
    }
}

#[allow(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and its macro wants the same"
)]
#[async_trait::async_trait]
impl MigrationTrait for M0001Tables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        outbox(manager).await?;
        let table = |name: &str| Table::create().table(Alias::new(name)).take();
        let key = |names: &[&str]| {
            let mut key = Index::create();
            for name in names {
                key.col(Alias::new(*name));
            }
            key.take()
        };
        manager
            .create_table(
                table("store_inbox")
                    .col(tenant())
                    .col(text("consumer"))
                    .col(text("event_id"))
                    .col(micros("seen_at"))
                    .primary_key(&mut key(&["tenant", "consumer", "event_id"]))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                table("store_timer")
                    .col(tenant())
                    .col(text("kind"))
                    .col(text("key"))
                    .col(micros("due"))
                    .col(blob("payload"))
                    .col(small_number("attempt"))
                    .col(text("token"))
                    .col(micros_null("lease_until"))
                    .col(text_null("last_error"))
                    .primary_key(&mut key(&["tenant", "kind", "key"]))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                table("store_idempotency")
                    .col(tenant())
                    .col(text("method"))
                    .col(text("request_id"))
                    .col(text("digest"))
                    .col(blob("reply"))
                    .col(micros("created_at"))
                    .col(text("customers"))
                    .col(flag("redacted"))
                    .primary_key(&mut key(&["tenant", "method", "request_id"]))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                table("store_tombstone")
                    .col(tenant())
                    .col(text("customer"))
                    .col(micros("buried_at"))
                    .primary_key(&mut key(&["tenant", "customer"]))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                table("store_secret")
                    .col(text("name").primary_key().take())
                    .col(text("value"))
                    .take(),
            )
            .await?;
        for (name, table, columns) in [
            ("store_timer_due", "store_timer", ["due"]),
            ("store_inbox_seen", "store_inbox", ["seen_at"]),
            (
                "store_idempotency_created",
                "store_idempotency",
                ["created_at"],
            ),
        ] {
            let mut index = Index::create();
            index.name(name).table(Alias::new(table));
            for column in columns {
                index.col(Alias::new(column));
            }
            manager.create_index(index.take()).await?;
        }
        Ok(())
    }
}

async fn outbox(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Alias::new("store_outbox");
    manager
        .create_table(
            Table::create()
                .table(table.clone())
                .col(number("seq").primary_key().auto_increment().take())
                .col(text("id").unique_key().take())
                .col(tenant())
                .col(text("domain"))
                .col(text("name"))
                .col(text("type"))
                .col(text("subject"))
                .col(number("revision"))
                .col(text_null("traceparent"))
                .col(blob("payload"))
                .col(micros("created_at"))
                .col(micros_null("published_at"))
                .col(text("customers"))
                .col(flag("redacted"))
                .take(),
        )
        .await?;
    // Small at all times: only what waits for the relay.
    manager
        .create_index(
            Index::create()
                .name("store_outbox_waiting")
                .table(table.clone())
                .col(Alias::new("seq"))
                .and_where(Expr::col(Alias::new("published_at")).is_null())
                .take(),
        )
        .await?;
    manager
        .create_index(
            Index::create()
                .name("store_outbox_tenant")
                .table(table)
                .col(Alias::new("tenant"))
                .col(Alias::new("created_at"))
                .take(),
        )
        .await
}
