//! ListApiKeys: newest first.

use postlude_chassis::Caller;
use postlude_proto::gateway::v1::{ListApiKeysRequest, ListApiKeysResponse};
use postlude_store::{PageToken, cut_page, page_size};

use super::tenant_meant;
use crate::{
    App, convert,
    error::Error,
    store::{api_keys, platform},
};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ListApiKeysRequest,
) -> Result<ListApiKeysResponse, Error> {
    let tenant = tenant_meant(&caller, &request.tenant_id)?;
    let list = format!("ListApiKeys {tenant}");
    let token = PageToken::decode(&request.page_token, &list)?;
    let before = token.as_ref().map(|token| token.text(0)).transpose()?;
    let size = page_size(request.page_size);
    let scope = app.store.read(&platform()?).await?;
    let mut rows = api_keys::page(&scope, tenant.as_str(), before, size + 1).await?;
    let next_page_token = cut_page(&mut rows, size, &list, |last| vec![last.key_id.clone()]);
    Ok(ListApiKeysResponse {
        api_keys: rows.into_iter().map(convert::api_key).collect(),
        next_page_token,
    })
}
