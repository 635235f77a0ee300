//! ListPlugins: the tenant's plugins by id.

use postlude_chassis::Caller;
use postlude_proto::plugins::v1::{ListPluginsRequest, ListPluginsResponse};
use postlude_store::PageToken;

use crate::{
    App, Error, convert,
    store::{installations, plugins, versions},
};

/// What its page tokens belong to.
const LIST: &str = "ListPlugins";

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ListPluginsRequest,
) -> Result<ListPluginsResponse, Error> {
    let token = PageToken::decode(&request.page_token, LIST)?;
    let after = token.as_ref().map_or(Ok(""), |token| token.text(0))?;
    let size = match usize::try_from(request.page_size) {
        Ok(0) | Err(_) => 50,
        Ok(size) => size,
    };
    let limit = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(1);
    let scope = app.store.read(&caller.tenant).await?;
    let mut ids = plugins::page(&scope, after, limit).await?;
    let more = ids.len() > size;
    ids.truncate(size);
    let versions = versions::of(&scope, &ids).await?;
    let installations = installations::all(&scope).await?;
    let next_page_token = match ids.last() {
        Some(last) if more => PageToken::new(LIST, [last.as_str()]).encode(),
        Some(_) | None => String::new(),
    };
    Ok(ListPluginsResponse {
        plugins: ids
            .into_iter()
            .map(|id| convert::version::plugin(id, &versions, &installations))
            .collect(),
        next_page_token,
    })
}
