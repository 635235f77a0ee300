//! What returns knows of orders: the snapshot, the terms, the two limits, the windows.

use postlude_store::schema::{blob, flag, micros, number, tenant_table, text};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::{index, table};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "returns_0001_projection"
    }
}

#[allow(
    elided_lifetimes_in_paths,
    reason = "the trait elides it, and its macro wants the same"
)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let snapshot = table("order_snapshot", &["order_id"])
            .col(text("order_id"))
            .col(text("customer_id"))
            .col(micros("placed_at"))
            .col(number("revision"))
            .col(blob("body"))
            .take();
        tenant_table(manager, snapshot).await?;
        manager
            .create_index(index("order_snapshot", &["customer_id", "placed_at"]))
            .await?;
        let terms = table("line_terms", &["order_id", "line_id"])
            .col(text("order_id"))
            .col(text("line_id"))
            .col(number("window_days"))
            .col(flag("final_sale"))
            .col(flag("withdrawal_right"))
            .col(number("restocking_basis_points"))
            .col(number("restocking_per_unit"))
            .col(number("return_shipping_fee"))
            .col(text("plugin_id"))
            .col(text("plugin_version"))
            .col(text("component_digest"))
            .col(text("policy_version"))
            .col(text("run_id"))
            .col(blob("body"))
            .take();
        tenant_table(manager, terms).await?;
        let lines = table("returnable_line", &["order_id", "line_id"])
            .col(text("order_id"))
            .col(text("line_id"))
            .col(number("delivered"))
            .col(number("allocated"))
            .col(number("refunded_units"))
            .col(number("refunded_net"))
            .col(number("refunded_tax"))
            .col(number("version"))
            .take();
        tenant_table(manager, lines).await?;
        let payment = table("refundable_payment", &["order_id"])
            .col(text("order_id"))
            .col(number("captured"))
            .col(number("refunded_externally"))
            .col(number("charged_back"))
            .col(flag("disputed"))
            .col(number("allocated"))
            .col(number("shipping_allocated"))
            .col(number("version"))
            .take();
        tenant_table(manager, payment).await?;
        let window = table("return_window", &["order_id", "line_id"])
            .col(text("order_id"))
            .col(text("line_id"))
            .col(micros("closes_at"))
            .col(flag("closed"))
            .col(number("revision"))
            .take();
        tenant_table(manager, window).await
    }
}
