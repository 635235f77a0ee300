//! ListOrders: a page of orders, newest first.

use postlude_chassis::Caller;
use postlude_kernel::Timestamp;
use postlude_proto::orders::v1::{ListOrdersRequest, ListOrdersResponse};
use postlude_store::{PageToken, cut_page, page_size};

use crate::{
    App,
    convert::order::to_proto,
    error::Error,
    store::orders::{self, After},
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ListOrdersRequest,
) -> Result<ListOrdersResponse, Error> {
    let list = format!("ListOrders customer_id={}", request.customer_id);
    let customer_id = Some(request.customer_id.as_str()).filter(|id| !id.is_empty());
    let after = match PageToken::decode(&request.page_token, &list)? {
        Some(token) => Some(After {
            placed_time: Timestamp::from_micros(token.number(0)?),
            order_id: token.text(1)?.to_owned(),
        }),
        None => None,
    };
    let size = page_size(request.page_size);

    let snapshot = app.store.read(&caller.tenant).await?;
    let total = orders::count(&snapshot, customer_id).await?;
    let mut page = orders::page(&snapshot, customer_id, after, size + 1).await?;

    let next_page_token = cut_page(&mut page, size, &list, |last| {
        let placed_time = last.content.placed_time.as_micros().to_string();
        vec![placed_time, last.content.order_id.clone()]
    });
    Ok(ListOrdersResponse {
        orders: page.iter().map(to_proto).collect(),
        next_page_token,
        total_size: i64::try_from(total).unwrap_or(i64::MAX),
    })
}
