//! Every change of the gateway's tables, in order.

mod m0001_tenants_and_keys;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// All of them.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_tenants_and_keys::Migration)]
    }
}
