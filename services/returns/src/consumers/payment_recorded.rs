//! A fact about money: what can be refunded, and whether a dispute is in the way.

use postlude_chassis::Received;
use postlude_proto::orders::v1::PaymentRecorded;

use crate::{app::App, error::Error};

pub(crate) async fn handle(app: App, event: Received<PaymentRecorded>) -> Result<(), Error> {
    let order = event.message.order.as_ref();
    super::take_in(&app, &event.tenant, order, "payment-recorded", &event.id).await
}
