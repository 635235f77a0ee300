//! A parcel has arrived: its units can come back, and their window opens.

use postlude_chassis::Received;
use postlude_proto::orders::v1::ShipmentDelivered;

use crate::{app::App, error::Error};

pub(crate) async fn handle(app: App, event: Received<ShipmentDelivered>) -> Result<(), Error> {
    let order = event.message.order.as_ref();
    super::take_in(&app, &event.tenant, order, "shipment-delivered", &event.id).await
}
