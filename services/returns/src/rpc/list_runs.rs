//! Runs of the policy, newest first, without what went in and what came out.

use postlude_chassis::Caller;
use postlude_proto::runs::v1::{ListRunsRequest, ListRunsResponse};
use postlude_store::{PageToken, cut_page, page_size};

use crate::{app::App, convert, error::Error, store::runs};

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    request: ListRunsRequest,
) -> Result<ListRunsResponse, Error> {
    let list = format!("ListRuns {} {}", request.hook, request.subject);
    let after = PageToken::decode(&request.page_token, &list)?;
    let size = page_size(request.page_size);
    let scope = app.store.read(&caller.tenant).await?;
    let mut found = runs::page(
        &scope,
        &request.hook,
        &request.subject,
        after.as_ref(),
        size + 1,
    )
    .await?;
    let next_page_token = cut_page(&mut found, size, &list, |last| {
        let time = convert::time("run_time", last.run.run_time.as_ref()).unwrap_or_default();
        vec![time.as_micros().to_string(), last.run.run_id.clone()]
    });
    let runs = found
        .into_iter()
        .map(|mut stored| {
            stored.run.input.clear();
            stored.run.output.clear();
            stored.run.input_json.clear();
            stored.run.output_json.clear();
            stored.run
        })
        .collect();
    Ok(ListRunsResponse {
        runs,
        next_page_token,
    })
}
