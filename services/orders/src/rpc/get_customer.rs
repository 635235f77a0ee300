//! GetCustomer: one customer's profile with what they agreed to.

use postlude_chassis::Caller;
use postlude_proto::orders::v1::{Customer, GetCustomerRequest};

use crate::{App, convert::customer::to_proto, error::Error, store::customers};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: GetCustomerRequest,
) -> Result<Customer, Error> {
    let snapshot = app.store.read(&caller.tenant).await?;
    let found = customers::find(&snapshot, &request.customer_id).await?;
    found
        .map(|found| to_proto(&found.customer))
        .ok_or(Error::CustomerNotFound)
}
