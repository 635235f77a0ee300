//! The schema, one file per change, oldest first.

mod m0001_orders;
mod m0002_customers;
mod m0003_erasures;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// This service's migrations.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_orders::Migration),
            Box::new(m0002_customers::Migration),
            Box::new(m0003_erasures::Migration),
        ]
    }
}
