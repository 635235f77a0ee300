//! ListApiKeys: newest first.

use postlude_chassis::Caller;
use postlude_proto::gateway::v1::{ListApiKeysRequest, ListApiKeysResponse};
use postlude_store::PageToken;

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
    let size = match usize::try_from(request.page_size) {
        Ok(0) | Err(_) => 50,
        Ok(size) => size,
    };
    let limit = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(1);
    let scope = app.store.read(&platform()?).await?;
    let mut rows = api_keys::page(&scope, tenant.as_str(), before, limit).await?;
    let more = rows.len() > size;
    rows.truncate(size);
    let next_page_token = match rows.last() {
        Some(last) if more => PageToken::new(&list, [last.key_id.as_str()]).encode(),
        Some(_) | None => String::new(),
    };
    Ok(ListApiKeysResponse {
        api_keys: rows.into_iter().map(convert::api_key).collect(),
        next_page_token,
    })
}
