//! Returns, newest first, page by page.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{ListReturnsRequest, ListReturnsResponse};
use postlude_store::PageToken;

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
    let size = super::page_size(request.page_size);
    let filter = Filter {
        order_id: request.order_id,
        state: request.state,
    };
    let view = View::of(&caller);
    let scope = app.store.read(&caller.tenant).await?;
    // One more than the page holds tells whether there is another.
    let mut found = returns::page(&scope, &filter, after.as_ref(), size + 1).await?;
    let more = found.len() as u64 > size;
    found.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let next_page_token = match found.last() {
        Some(last) if more => PageToken::new(
            &list,
            [last.created.as_micros().to_string(), last.return_id.clone()],
        )
        .encode(),
        Some(_) | None => String::new(),
    };
    let mut returns = Vec::with_capacity(found.len());
    for state in &found {
        returns.push(view.of_return(save::reply(&scope, state).await?));
    }
    Ok(ListReturnsResponse {
        returns,
        next_page_token,
    })
}
