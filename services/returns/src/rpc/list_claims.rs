//! Claims, newest first, page by page.

use postlude_chassis::Caller;
use postlude_proto::returns::v1::{ListClaimsRequest, ListClaimsResponse};
use postlude_store::{PageToken, cut_page, page_size};

use crate::{app::App, convert::claim as convert, error::Error, store::claims};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ListClaimsRequest,
) -> Result<ListClaimsResponse, Error> {
    let list = format!("ListClaims {} {}", request.state, request.order_id);
    let after = PageToken::decode(&request.page_token, &list)?;
    let size = page_size(request.page_size);
    let scope = app.store.read(&caller.tenant).await?;
    let order_id = request.order_id.as_str();
    let mut found = claims::page(&scope, order_id, request.state, after.as_ref(), size + 1).await?;
    let next_page_token = cut_page(&mut found, size, &list, |last| {
        vec![last.created.as_micros().to_string(), last.claim_id.clone()]
    });
    Ok(ListClaimsResponse {
        claims: found.iter().map(convert::public).collect(),
        next_page_token,
    })
}
