//! Plugins, versions, installations; bindings and components for services.

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
        let table = |name: &'static str, columns: Vec<ColumnDef>, key: &[&'static str]| {
            let mut table = Table::create();
            table.table(Alias::new(name));
            for mut column in columns {
                table.col(&mut column);
            }
            let mut primary = Index::create();
            for column in key {
                primary.col(Alias::new(*column));
            }
            table.primary_key(&mut primary);
            table.to_owned()
        };
        for statement in [
            table(
                "plugin",
                vec![tenant(), text("plugin_id")],
                &["tenant", "plugin_id"],
            ),
            table(
                "plugin_version",
                vec![
                    tenant(),
                    text("plugin_id"),
                    text("version"),
                    text("rank"),
                    text("bundle_digest"),
                    text("fault_action"),
                    blob("body"),
                ],
                &["tenant", "plugin_id", "version"],
            ),
            table(
                "installation",
                vec![
                    tenant(),
                    text("plugin_id"),
                    number("revision"),
                    blob("body"),
                ],
                &["tenant", "plugin_id"],
            ),
            table("generation", vec![tenant(), number("value")], &["tenant"]),
            table(
                "binding",
                vec![tenant(), text("hook"), text("bound_tenant"), blob("body")],
                &["tenant", "hook", "bound_tenant"],
            ),
            table(
                "component",
                vec![tenant(), text("digest"), blob("content")],
                &["tenant", "digest"],
            ),
        ] {
            tenant_table(manager, statement).await?;
        }
        Ok(())
    }
}
