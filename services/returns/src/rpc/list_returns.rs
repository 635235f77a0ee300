//! Returns, newest first, page by page.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{ListReturnsRequest, ListReturnsResponse};
use postlude_store::{PageToken, cut_page, page_size};

use crate::{
    app::App,
    convert::view::View,
    error::Error,
    save,
    store::returns::{self, Filter},
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ListReturnsRequest,
) -> Result<ListReturnsResponse, Error> {
    let list = format!("ListReturns {} {}", request.state, request.order_id);
    let after = PageToken::decode(&request.page_token, &list)?;
    let size = page_size(request.page_size);
    let filter = Filter {
        order_id: request.order_id,
        state: request.state,
    };
    let view = View::of(&caller);
    let scope = app.store.read(&caller.tenant).await?;
    // One more than the page holds tells whether there is another.
    let mut found = returns::page(&scope, &filter, after.as_ref(), size + 1).await?;
    let next_page_token = cut_page(&mut found, size, &list, |last| {
        vec![last.created.as_micros().to_string(), last.return_id.clone()]
    });
    let mut returns = Vec::with_capacity(found.len());
    for state in &found {
        returns.push(view.of_return(save::reply(&scope, state).await?));
    }
    Ok(ListReturnsResponse {
        returns,
        next_page_token,
    })
}
