//! A parcel has moved: one that goes back to its sender will not be delivered.

use postlude_chassis::Received;
use postlude_proto::orders::v1::TrackingAdvanced;

use crate::{app::App, error::Error};

pub(crate) async fn handle(app: App, event: Received<TrackingAdvanced>) -> Result<(), Error> {
    let order = event.message.order.as_ref();
    super::take_in(&app, &event.tenant, order, "tracking-advanced", &event.id).await
}
