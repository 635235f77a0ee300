//! FetchComponent, for services: the bytes of a component, in chunks.

use futures_util::{Stream, stream};
use postlude_proto::plugins::v1::{FetchComponentRequest, FetchComponentResponse};

use crate::{App, Error, store::components};

/// Bytes in one chunk.
const CHUNK: usize = 256 * 1024;

pub(crate) async fn handle(
    app: &App,
    request: FetchComponentRequest,
) -> Result<impl Stream<Item = Result<FetchComponentResponse, Error>> + use<>, Error> {
    let digest = request.component_digest;
    let scope = app.store.read(&app.platform).await?;
    let content = components::one(&scope, &digest).await?;
    let content = content.ok_or(Error::ComponentNotFound(digest))?;
    let chunks: Vec<_> = content
        .chunks(CHUNK)
        .map(|chunk| {
            Ok(FetchComponentResponse {
                chunk: chunk.to_vec(),
            })
        })
        .collect();
    Ok(stream::iter(chunks))
}
