//! A parcel has left: the transit allowance runs.

use postlude_chassis::Received;
use postlude_proto::orders::v1::ShipmentRecorded;

use crate::{app::App, error::Error};

pub(crate) async fn handle(app: App, event: Received<ShipmentRecorded>) -> Result<(), Error> {
    let order = event.message.order.as_ref();
    super::take_in(&app, &event.tenant, order, "shipment-recorded", &event.id).await
}
