//! The service's tables over time: one file per change, never edited once released.

mod m0001_projection;
mod m0002_returns;
mod m0003_refunds;
mod m0004_runs;
mod m0005_claims;

use sea_orm_migration::{
    MigrationTrait, MigratorTrait,
    sea_query::{Alias, Index, IndexCreateStatement, Table, TableCreateStatement},
};

/// Every change, oldest first.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_projection::Migration),
            Box::new(m0002_returns::Migration),
            Box::new(m0003_refunds::Migration),
            Box::new(m0004_runs::Migration),
            Box::new(m0005_claims::Migration),
        ]
    }
}

/// A table of a tenant's data that is keyed by the tenant and `key`.
fn table(name: &'static str, key: &[&'static str]) -> TableCreateStatement {
    let mut primary = Index::create();
    primary.col(Alias::new("tenant"));
    for column in key {
        primary.col(Alias::new(*column));
    }
    Table::create()
        .table(Alias::new(name))
        .col(postlude_store::schema::tenant())
        .primary_key(&mut primary)
        .take()
}

/// An index that begins with the tenant.
fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index
        .name(format!("{table}_by_{}", columns.join("_")))
        .table(Alias::new(table))
        .col(Alias::new("tenant"));
    for column in columns {
        index.col(Alias::new(*column));
    }
    index
}
