//! ListPlugins: the tenant's plugins by id.

use postlude_chassis::Caller;
use postlude_proto::plugins::v1::{ListPluginsRequest, ListPluginsResponse};
use postlude_store::{PageToken, cut_page, page_size};

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
    let size = page_size(request.page_size);
    let scope = app.store.read(&caller.tenant).await?;
    let mut ids = plugins::page(&scope, after, size + 1).await?;
    let next_page_token = cut_page(&mut ids, size, LIST, |last| vec![last.clone()]);
    let versions = versions::of(&scope, &ids).await?;
    let installations = installations::all(&scope).await?;
    Ok(ListPluginsResponse {
        plugins: ids
            .into_iter()
            .map(|id| convert::version::plugin(id, &versions, &installations))
            .collect(),
        next_page_token,
    })
}
