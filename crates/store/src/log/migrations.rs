//! The log's tables.

use sea_orm::DbErr;
use sea_orm_migration::{
    MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait,
    sea_query::{Alias, Index, IndexCreateStatement, Table, TableCreateStatement},
};

use crate::schema::{blob, flag, micros, number, small_number, tenant, text, text_null};

pub(super) struct LogMigrator;

impl MigratorTrait for LogMigrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(M0001Log)]
    }
}

struct M0001Log;

impl MigrationName for M0001Log {
    fn name(&self) -> &str {
        "log_0001_log"
    }
}

#[allow(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and its macro wants the same"
)]
#[async_trait::async_trait]
impl MigrationTrait for M0001Log {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let events = event_columns(Table::create().table(Alias::new("log_event")))
            .col(number("seq").primary_key().auto_increment().take())
            .col(text("id").unique_key().take())
            .col(micros("appended_at"))
            .take();
        manager.create_table(events).await?;
        let dead = event_columns(Table::create().table(Alias::new("log_dead_letter")))
            .col(text("id").primary_key().take())
            .col(text("consumer"))
            .col(number("seq"))
            .col(text("event_id"))
            .col(small_number("attempts"))
            .col(text("reason"))
            .col(micros("died_at"))
            .take();
        manager.create_table(dead).await?;
        manager
            .create_table(
                Table::create()
                    .table(Alias::new("log_cursor"))
                    .col(text("consumer").primary_key().take())
                    .col(number("seq"))
                    .col(micros("updated_at"))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table(Alias::new("log_retry"))
                    .col(text("consumer"))
                    .col(number("seq"))
                    .col(small_number("attempt"))
                    .col(micros("due"))
                    .col(text("reason"))
                    .primary_key(
                        &mut Index::create()
                            .col(Alias::new("consumer"))
                            .col(Alias::new("seq"))
                            .take(),
                    )
                    .take(),
            )
            .await?;
        for (name, table, columns) in [
            (
                "log_event_filter",
                "log_event",
                vec!["domain", "name", "seq"],
            ),
            ("log_event_age", "log_event", vec!["appended_at"]),
            ("log_retry_due", "log_retry", vec!["consumer", "due"]),
            ("log_dead_letter_event", "log_dead_letter", vec!["event_id"]),
        ] {
            manager.create_index(index(name, table, &columns)).await?;
        }
        Ok(())
    }
}

/// The columns of an event, which a dead letter has a copy of.
fn event_columns(table: &mut TableCreateStatement) -> TableCreateStatement {
    table
        .col(tenant())
        .col(text("domain"))
        .col(text("name"))
        .col(text("type"))
        .col(text("subject"))
        .col(number("revision"))
        .col(micros("time"))
        .col(text_null("traceparent"))
        .col(blob("payload"))
        .col(flag("redacted"))
        .take()
}

fn index(name: &str, table: &str, columns: &[&str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(Alias::new(table));
    for column in columns {
        index.col(Alias::new(*column));
    }
    index.take()
}
