//! What returns hears: facts of orders, each into the projection, and the erasure of a customer.
//!
//! Every event of orders carries the whole order, so all of them end in [`projection::take_in`]: in
//! whatever order and however often they come, the newest revision wins.

pub(crate) mod customer_erasure_requested;
pub(crate) mod order_lines_cancelled;
pub(crate) mod order_recorded;
pub(crate) mod payment_recorded;
pub(crate) mod shipment_delivered;
pub(crate) mod shipment_recorded;
pub(crate) mod tracking_advanced;

use postlude_kernel::TenantId;
use postlude_proto::orders::v1::Order;

use crate::{
    app::App,
    convert::Unfit,
    error::Error,
    projection::{self, Occasion},
};

/// Takes in the order that an event tells of.
async fn take_in(
    app: &App,
    tenant: &TenantId,
    order: Option<&Order>,
    consumer: &'static str,
    event_id: &str,
) -> Result<(), Error> {
    let order = order.ok_or_else(|| Unfit::new("order", "is required"))?;
    projection::take_in(app, tenant, order, Occasion::Event { consumer, event_id }).await?;
    Ok(())
}
