//! GetBindings, for services: every tenant's binding of a hook.

use postlude_proto::plugins::v1::{GetBindingsRequest, GetBindingsResponse};

use crate::{
    App, Error,
    domain::Hook,
    store::{bindings, generations},
};

pub(crate) async fn handle(
    app: &App,
    request: GetBindingsRequest,
) -> Result<GetBindingsResponse, Error> {
    let hook =
        Hook::parse(&request.hook).ok_or_else(|| Error::HookUnknown(request.hook.clone()))?;
    let scope = app.store.read(&app.platform).await?;
    // The counter first: bindings that are newer than it are fetched once more, never missed.
    let generation = generations::newest(&scope).await?;
    let changed = generation != request.known_generation;
    Ok(GetBindingsResponse {
        generation,
        changed,
        bindings: if changed {
            bindings::of_hook(&scope, hook).await?
        } else {
            Vec::new()
        },
    })
}
