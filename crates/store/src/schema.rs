//! What migrations are written with: column helpers and tables that belong to tenants.
//!
//! A data migration on PostgreSQL runs without a tenant and therefore sees no row of a tenant's table:
//! migrations change structure, code changes data.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{
    SchemaManager,
    sea_query::{Alias, ColumnDef, IntoIden, TableCreateStatement, TableRef},
};

/// Creates a table of a tenant's data. It must have the column `tenant`, first in its key.
///
/// On PostgreSQL the table gets row-level security with FORCE: without the transaction's tenant
/// nothing is seen and nothing can be written, by the owner neither.
///
/// # Errors
/// What the database answers.
pub async fn tenant_table(
    manager: &SchemaManager<'_>,
    table: TableCreateStatement,
) -> Result<(), DbErr> {
    let Some(TableRef::Table(name, _)) = table.get_table_name() else {
        return Err(DbErr::Migration(
            "a tenant's table needs a plain name".to_owned(),
        ));
    };
    let name = name.1.to_string();
    manager.create_table(table).await?;
    if manager.get_database_backend() == DbBackend::Postgres {
        // The setting is '' and not NULL once a transaction of the connection has set it.
        let scope = "tenant = nullif(current_setting('app.tenant', true), '')";
        manager
            .get_connection()
            .execute_unprepared(&format!(
                r#"ALTER TABLE "{name}" ENABLE ROW LEVEL SECURITY;
                   ALTER TABLE "{name}" FORCE ROW LEVEL SECURITY;
                   CREATE POLICY tenant ON "{name}" USING ({scope}) WITH CHECK ({scope});"#
            ))
            .await?;
    }
    Ok(())
}

/// `NOT NULL` text: ids, codes, names.
pub fn text(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).text().not_null().take()
}

/// Text that may be missing.
pub fn text_null(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).text().null().take()
}

/// The tenant column.
#[must_use]
pub fn tenant() -> ColumnDef {
    text(Alias::new("tenant"))
}

/// `NOT NULL` 64-bit number: revisions, quantities, minor units.
pub fn number(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

/// A 64-bit number that may be missing.
pub fn number_null(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).big_integer().null().take()
}

/// `NOT NULL` 32-bit number: states, small counts.
pub fn small_number(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).integer().not_null().take()
}

/// `NOT NULL` point in time: microseconds since the epoch.
pub fn micros(name: impl IntoIden) -> ColumnDef {
    number(name)
}

/// A point in time that may be missing.
pub fn micros_null(name: impl IntoIden) -> ColumnDef {
    number_null(name)
}

/// `NOT NULL` bytes: an encoded message.
pub fn blob(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).blob().not_null().take()
}

/// Bytes that may be missing.
pub fn blob_null(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name).blob().null().take()
}

/// `NOT NULL` yes or no, no by default.
pub fn flag(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name)
        .boolean()
        .not_null()
        .default(false)
        .take()
}
