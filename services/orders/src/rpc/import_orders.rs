//! ImportOrders: many orders by a stream. A bad one is reported and spoils no other.
//!
//! Orders are saved in batches, each batch in one transaction. After a crash the batches that were
//! committed are there, the others are not, and the same import again ends with the same totals.

mod batch;

use postlude_chassis::{
    Caller,
    rpc::{Incoming, validate},
};
use postlude_kernel::Fault;
use postlude_proto::orders::v1::{ImportFailure, ImportOrdersRequest, ImportOrdersResponse};

use crate::{App, convert::order::parse_content, domain::content::Content, error::Error};
use batch::Outcome;

/// Failures that are reported one by one; the rest is only counted.
const REPORTED: usize = 1_000;

/// An order of the stream that can be read, with where it stood.
struct Element {
    line_number: i64,
    content: Content,
}

pub(crate) async fn handle(
    app: &App,
    caller: Caller,
    mut incoming: Incoming<ImportOrdersRequest>,
) -> Result<ImportOrdersResponse, Error> {
    let mut report = ImportOrdersResponse::default();
    let size = app.config.import_batch.max(1);
    let mut waiting = Vec::with_capacity(size);
    while let Some(message) = incoming.message().await? {
        let line_number = message.line_number;
        let order_id = order_id(&message);
        match parse(message) {
            Ok(content) => waiting.push(Element {
                line_number,
                content,
            }),
            Err(error) => fail(&mut report, line_number, order_id, &error),
        }
        if waiting.len() >= size {
            flush(app, &caller, &mut waiting, &mut report).await?;
        }
    }
    flush(app, &caller, &mut waiting, &mut report).await?;
    // What can't be read is known before what its batch refuses; people read from the top.
    report.failures.sort_by_key(|failure| failure.line_number);
    Ok(report)
}

fn parse(message: ImportOrdersRequest) -> Result<Content, Error> {
    validate(&message)?;
    Ok(parse_content(message.order.unwrap_or_default())?)
}

async fn flush(
    app: &App,
    caller: &Caller,
    waiting: &mut Vec<Element>,
    report: &mut ImportOrdersResponse,
) -> Result<(), Error> {
    if waiting.is_empty() {
        return Ok(());
    }
    let elements = std::mem::take(waiting);
    let outcomes = batch::save(app, &caller.tenant, &elements).await?;
    for (element, outcome) in elements.into_iter().zip(outcomes) {
        match outcome {
            Outcome::Created => report.created_count += 1,
            Outcome::Updated => report.updated_count += 1,
            Outcome::Unchanged => report.unchanged_count += 1,
            Outcome::Refused(refusal) => fail(
                report,
                element.line_number,
                element.content.order_id,
                &Error::from(refusal),
            ),
        }
    }
    Ok(())
}

fn order_id(message: &ImportOrdersRequest) -> String {
    message
        .order
        .as_ref()
        .map(|order| order.order_id.clone())
        .unwrap_or_default()
}

fn fail(report: &mut ImportOrdersResponse, line_number: i64, order_id: String, error: &Error) {
    report.failed_count += 1;
    if report.failures.len() < REPORTED {
        report.failures.push(ImportFailure {
            line_number,
            order_id,
            reason: error.reason().to_owned(),
            message: error.to_string(),
        });
    }
}
