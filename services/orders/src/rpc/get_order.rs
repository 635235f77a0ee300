//! GetOrder: one order with its payments and shipments.

use postlude_chassis::Caller;
use postlude_proto::orders::v1::{GetOrderRequest, Order};

use crate::{App, convert::order::to_proto, error::Error, store::orders};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: GetOrderRequest,
) -> Result<Order, Error> {
    let snapshot = app.store.read(&caller.tenant).await?;
    let order = orders::get(&snapshot, &request.order_id).await?;
    Ok(to_proto(&order))
}
