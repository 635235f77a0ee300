//! An order was recorded or replaced: its terms are asked for and stored, its limits set up.

use postlude_chassis::Received;
use postlude_proto::orders::v1::OrderRecorded;

use crate::{app::App, error::Error};

pub(crate) async fn handle(app: App, event: Received<OrderRecorded>) -> Result<(), Error> {
    let order = event.message.order.as_ref();
    super::take_in(&app, &event.tenant, order, "order-recorded", &event.id).await
}
