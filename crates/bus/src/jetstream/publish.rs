//! From the relay to the broker: atomic batches, and one by one where a batch is refused.

use std::time::Duration;

use async_nats::{
    HeaderMap, Request,
    header::{
        NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL, NATS_BATCH_ID, NATS_BATCH_SEQUENCE,
        NATS_MESSAGE_ID,
    },
};
use bytes::Bytes;
use postlude_store::Envelope;
use serde::Deserialize;

use super::{Shared, message};
use crate::BusError;

/// The broker takes 1,000 at most.
const BATCH: usize = 200;
/// A batch takes this long at most, a connection that is down included.
const LIMIT: Duration = Duration::from_secs(15);

/// What the broker answers to a message of a batch, where it answers.
#[derive(Debug, Deserialize)]
struct Reply {
    error: Option<Refusal>,
}

/// Why the broker refuses.
#[derive(Debug, Deserialize, thiserror::Error)]
#[error("{description} ({err_code})")]
struct Refusal {
    err_code: u64,
    description: String,
}

/// Takes the events over, in their order; an event that came before changes nothing.
pub(super) async fn publish(shared: &Shared, events: &[Envelope]) -> Result<(), BusError> {
    for batch in events.chunks(BATCH) {
        tokio::time::timeout(LIMIT, chunk(shared, batch))
            .await
            .map_err(BusError::broker)??;
    }
    Ok(())
}

async fn chunk(shared: &Shared, events: &[Envelope]) -> Result<(), BusError> {
    if events.len() > 1 {
        match together(shared, events).await? {
            Ok(()) => return Ok(()),
            // A duplicate refuses the whole batch; so does a server that knows no batches.
            Err(refusal) => tracing::debug!(%refusal, "a batch is refused; sending one by one"),
        }
    }
    singly(shared, events).await
}

/// All or none. The inner error: the broker refuses.
async fn together(shared: &Shared, events: &[Envelope]) -> Result<Result<(), Refusal>, BusError> {
    let batch = shared.ids.ulid(shared.clock.now()).to_string();
    let last = events.len();
    for (place, event) in (1..).zip(events) {
        let mut headers = headers(event);
        headers.insert(NATS_BATCH_ID, batch.as_str());
        headers.insert(NATS_BATCH_SEQUENCE, place.to_string());
        if place == last {
            headers.insert(NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL);
        }
        let subject = shared.place.event(event);
        // The first is answered, so that a refused batch isn't sent in vain; the last is.
        if place == 1 || place == last {
            let request = Request::new()
                .headers(headers)
                .payload(event.payload.clone());
            let reply = shared
                .client
                .send_request(subject, request)
                .await
                .map_err(BusError::broker)?;
            if let Some(refusal) = refusal(&reply.payload)? {
                return Ok(Err(refusal));
            }
        } else {
            shared
                .client
                .publish_with_headers(subject, headers, event.payload.clone())
                .await
                .map_err(BusError::broker)?;
        }
    }
    Ok(Ok(()))
}

fn refusal(payload: &Bytes) -> Result<Option<Refusal>, BusError> {
    if payload.is_empty() {
        return Ok(None);
    }
    let reply: Reply = serde_json::from_slice(payload).map_err(BusError::broker)?;
    Ok(reply.error)
}

async fn singly(shared: &Shared, events: &[Envelope]) -> Result<(), BusError> {
    let mut answers = Vec::with_capacity(events.len());
    for event in events {
        let sent = shared
            .context
            .publish_with_headers(
                shared.place.event(event),
                headers(event),
                event.payload.clone(),
            )
            .await;
        answers.push(sent.map_err(BusError::broker)?);
    }
    for answer in answers {
        answer.await.map_err(BusError::broker)?;
    }
    Ok(())
}

fn headers(event: &Envelope) -> HeaderMap {
    let mut headers = message::headers(event);
    headers.insert(NATS_MESSAGE_ID, message::escape(&event.id));
    headers
}
