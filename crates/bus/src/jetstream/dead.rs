//! Dead letters: messages of a stream of their own, one per consumer and event.
//!
//! A letter is the event with what became of it in further headers. Its id is its place in the stream.

use async_nats::{
    HeaderMap, HeaderValue,
    header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID},
    jetstream::{
        ErrorCode,
        consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
        context::PublishErrorKind,
        message::StreamMessage,
        stream::{RawMessageError, RawMessageErrorKind, Stream},
    },
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use postlude_kernel::Timestamp;
use postlude_store::Envelope;

use super::{REQUEST, Shared, message};
use crate::{BusError, DeadLetter, DeadLetterFilter};

const CONSUMER: &str = "postlude-consumer";
const ATTEMPTS: &str = "postlude-attempts";
const REASON: &str = "postlude-reason";
const DIED_AT: &str = "postlude-died-at";
const REDACTED: &str = "postlude-redacted";

/// What became of a delivery.
pub(super) struct Death<'a> {
    pub(super) consumer: &'a str,
    pub(super) attempts: u32,
    pub(super) reason: &'a str,
}

/// Writes the letter, over one that is there.
pub(super) async fn bury(
    shared: &Shared,
    death: &Death<'_>,
    event: &Envelope,
) -> Result<(), BusError> {
    let headers = headers(shared, death, event);
    send(shared, death.consumer, event, headers).await?;
    redact_if_asked(shared, &event.id).await
}

/// Writes the letter if there is none: whoever has seen the failure knows more.
pub(super) async fn bury_if_unknown(
    shared: &Shared,
    death: &Death<'_>,
    event: &Envelope,
) -> Result<(), BusError> {
    let mut headers = headers(shared, death, event);
    headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, "0");
    send(shared, death.consumer, event, headers).await?;
    redact_if_asked(shared, &event.id).await
}

/// Empties the letters of these events, and those that are yet to be written.
pub(super) async fn redact(shared: &Shared, events: &[String]) -> Result<(), BusError> {
    for event in events {
        // The mark first: a letter is written before its writer looks for the mark.
        let mark = shared
            .context
            .publish(shared.place.redacted(event), Bytes::new());
        mark.await
            .map_err(BusError::broker)?
            .await
            .map_err(BusError::broker)?;
        empty_letters(shared, event).await?;
    }
    Ok(())
}

pub(super) async fn list(
    shared: &Shared,
    filter: &DeadLetterFilter,
) -> Result<Vec<DeadLetter>, BusError> {
    let tenant = filter.tenant.as_ref().map(|tenant| tenant.as_str());
    let subject = shared
        .place
        .letters(filter.consumer.as_deref(), tenant, None);
    let after = match &filter.after {
        Some(id) => place(id)?,
        None => 0,
    };
    let limit = if filter.limit == 0 { 100 } else { filter.limit };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    read(shared, subject, after, limit).await
}

pub(super) async fn one(shared: &Shared, id: &str) -> Result<DeadLetter, BusError> {
    let found = raw(shared, id).await?;
    letter(found.sequence, &found.headers, found.payload)
}

/// To the consumer that gave it up, and to no other.
pub(super) async fn replay(shared: &Shared, id: &str) -> Result<(), BusError> {
    let found = one(shared, id).await?;
    if found.redacted {
        return Err(BusError::Redacted(id.to_owned()));
    }
    let mut headers = message::headers(&found.envelope);
    // Asked for twice at the same time, it goes once.
    let once = format!("{}#{}", message::escape(&found.envelope.id), place(id)?);
    headers.insert(NATS_MESSAGE_ID, once);
    let subject = shared.place.again(&found.consumer);
    shared
        .context
        .publish_with_headers(subject, headers, found.envelope.payload)
        .await
        .map_err(BusError::broker)?
        .await
        .map_err(BusError::broker)?;
    let deleted = stream(shared).await?.delete_message(place(id)?).await;
    if let Err(error) = deleted {
        tracing::warn!(letter = id, %error, "a replayed letter stays in the list");
    }
    Ok(())
}

fn headers(shared: &Shared, death: &Death<'_>, event: &Envelope) -> HeaderMap {
    let mut headers = message::headers(event);
    headers.insert(CONSUMER, message::escape(death.consumer));
    headers.insert(ATTEMPTS, death.attempts.to_string());
    headers.insert(REASON, message::escape(death.reason));
    headers.insert(DIED_AT, shared.clock.now().to_string());
    headers
}

async fn send(
    shared: &Shared,
    consumer: &str,
    event: &Envelope,
    headers: HeaderMap,
) -> Result<(), BusError> {
    let tenant = Some(event.tenant.as_str());
    let subject = shared
        .place
        .letters(Some(consumer), tenant, Some(&event.id));
    let sent = shared
        .context
        .publish_with_headers(subject, headers, event.payload.clone())
        .await
        .map_err(BusError::broker)?
        .await;
    match sent {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(()),
        Err(error) => Err(BusError::broker(error)),
    }
}

async fn redact_if_asked(shared: &Shared, event: &str) -> Result<(), BusError> {
    let mark = shared.place.redacted(event);
    match stream(shared)
        .await?
        .get_last_raw_message_by_subject(&mark)
        .await
    {
        Ok(_) => empty_letters(shared, event).await,
        Err(error) if is_missing(&error) => Ok(()),
        Err(error) => Err(BusError::broker(error)),
    }
}

async fn empty_letters(shared: &Shared, event: &str) -> Result<(), BusError> {
    let subject = shared.place.letters(None, None, Some(event));
    for found in read(shared, subject, 0, usize::MAX).await? {
        if found.redacted {
            continue;
        }
        let death = Death {
            consumer: &found.consumer,
            attempts: found.attempts,
            reason: &found.reason,
        };
        let mut headers = headers(shared, &death, &found.envelope);
        headers.insert(DIED_AT, found.died_at.to_string());
        headers.insert(REDACTED, "true");
        let empty = Envelope {
            payload: Bytes::new(),
            ..found.envelope.clone()
        };
        send(shared, &found.consumer, &empty, headers).await?;
    }
    Ok(())
}

async fn stream(shared: &Shared) -> Result<Stream<()>, BusError> {
    shared
        .context
        .get_stream_no_info(shared.place.dead())
        .await
        .map_err(BusError::broker)
}

async fn raw(shared: &Shared, id: &str) -> Result<StreamMessage, BusError> {
    let missing = || BusError::NoDeadLetter(id.to_owned());
    let found = stream(shared).await?.get_raw_message(place(id)?).await;
    match found {
        Ok(found) if found.headers.get(CONSUMER).is_some() => Ok(found),
        Ok(_) => Err(missing()),
        Err(error) if is_missing(&error) => Err(missing()),
        Err(error) => Err(BusError::broker(error)),
    }
}

fn is_missing(error: &RawMessageError) -> bool {
    match error.kind() {
        RawMessageErrorKind::NoMessageFound => true,
        RawMessageErrorKind::JetStream(error) => error.error_code() == ErrorCode::NO_MESSAGE_FOUND,
        RawMessageErrorKind::InvalidSubject | RawMessageErrorKind::Other => false,
    }
}

/// Letters on a subject behind a place, oldest first, by a consumer for this question alone.
async fn read(
    shared: &Shared,
    subject: String,
    after: u64,
    limit: usize,
) -> Result<Vec<DeadLetter>, BusError> {
    let config = pull::Config {
        deliver_policy: DeliverPolicy::ByStartSequence {
            start_sequence: after.saturating_add(1),
        },
        ack_policy: AckPolicy::None,
        filter_subject: subject,
        inactive_threshold: REQUEST * 6,
        memory_storage: true,
        num_replicas: 1,
        ..pull::Config::default()
    };
    let consumer: PullConsumer = shared
        .context
        .create_consumer_on_stream(config, shared.place.dead())
        .await
        .map_err(BusError::broker)?;
    let letters = read_all(&consumer, limit).await;
    let name = &consumer.cached_info().name;
    if let Err(error) = stream(shared).await?.delete_consumer(name).await {
        tracing::debug!(%error, "a reader of dead letters stays until it times out");
    }
    letters
}

async fn read_all(consumer: &PullConsumer, limit: usize) -> Result<Vec<DeadLetter>, BusError> {
    let pending = consumer.cached_info().num_pending;
    let wanted = usize::try_from(pending).unwrap_or(usize::MAX).min(limit);
    let mut letters = Vec::new();
    while letters.len() < wanted {
        let mut batch = consumer
            .fetch()
            .max_messages((wanted - letters.len()).min(100))
            .expires(REQUEST)
            .messages()
            .await
            .map_err(BusError::broker)?;
        let mut count = 0;
        while let Some(next) = batch.next().await {
            let message = next.map_err(BusError::broker)?;
            let place = message.info().map_err(BusError::broker)?.stream_sequence;
            let headers = message.headers.clone().unwrap_or_default();
            letters.push(letter(place, &headers, message.payload.clone())?);
            count += 1;
        }
        if count == 0 {
            break;
        }
    }
    Ok(letters)
}

fn letter(place: u64, headers: &HeaderMap, payload: Bytes) -> Result<DeadLetter, BusError> {
    let read = |name: &'static str| {
        headers
            .get(name)
            .map(HeaderValue::as_str)
            .and_then(message::unescape)
            .ok_or_else(|| BusError::broker(format!("a dead letter without {name}")))
    };
    Ok(DeadLetter {
        id: format!("dlq_{place}"),
        consumer: read(CONSUMER)?,
        envelope: message::envelope(Some(headers), payload)?,
        attempts: read(ATTEMPTS)?.parse().unwrap_or(0),
        reason: read(REASON)?,
        died_at: Timestamp::parse(&read(DIED_AT)?).map_err(BusError::broker)?,
        redacted: headers.get(REDACTED).is_some(),
    })
}

fn place(id: &str) -> Result<u64, BusError> {
    id.strip_prefix("dlq_")
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| BusError::NoDeadLetter(id.to_owned()))
}
