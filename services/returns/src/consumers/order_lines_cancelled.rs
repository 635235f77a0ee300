//! Lines were cancelled before shipping: so many units fewer can come back.

use postlude_chassis::Received;
use postlude_proto::orders::v1::OrderLinesCancelled;

use crate::{app::App, error::Error};

pub(crate) async fn handle(app: App, event: Received<OrderLinesCancelled>) -> Result<(), Error> {
    let order = event.message.order.as_ref();
    super::take_in(
        &app,
        &event.tenant,
        order,
        "order-lines-cancelled",
        &event.id,
    )
    .await
}
