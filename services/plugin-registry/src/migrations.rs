//! The tables' history, one file per change.

mod m0001_plugins;
mod m0002_history;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// Every change, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_plugins::Migration),
            Box::new(m0002_history::Migration),
        ]
    }
}
