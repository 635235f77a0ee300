//! Names on the broker, and the streams behind them: made and checked, never assumed.

use std::time::Duration;

use async_nats::jetstream::{
    Context,
    context::{CreateStreamError, CreateStreamErrorKind, GetStreamError, GetStreamErrorKind},
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
};
use postlude_store::Envelope;

use crate::{BusError, Filter};

const DAY: Duration = Duration::from_secs(86_400);
/// Consumers that start later don't hear older events; outboxes keep them for longer.
const KEEP_EVENTS: Duration = DAY.saturating_mul(7);
/// Dead letters can be replayed for this long.
const KEEP_DEAD: Duration = DAY.saturating_mul(30);
/// A message that is sent again within it is recognised by the broker; afterwards by the inboxes.
const DUPLICATES: Duration = Duration::from_secs(120);
/// Names the incarnation of the events' stream in its metadata.
pub(super) const INCARNATION: &str = "postlude-incarnation";

/// What things are called on the broker.
#[derive(Debug, Clone)]
pub(super) struct Place {
    prefix: String,
    replicas: usize,
}

/// What was found or made.
#[derive(Debug)]
pub(super) struct Found {
    /// Which incarnation of the events' stream this is.
    pub(super) incarnation: String,
}

impl Place {
    pub(super) fn new(prefix: &str, replicas: usize) -> Result<Self, BusError> {
        let valid = (1..=60).contains(&prefix.len())
            && prefix
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
        if !valid {
            return Err(BusError::Setup(format!(
                "`{prefix}` can't stand before subjects: 1 to 60 characters out of a-z, 0-9, _ and -"
            )));
        }
        if !(1..=5).contains(&replicas) {
            return Err(BusError::Setup(format!(
                "{replicas} replicas: NATS keeps 1 to 5"
            )));
        }
        Ok(Self {
            prefix: prefix.to_owned(),
            replicas,
        })
    }

    fn stream(&self, what: &str) -> String {
        format!("{}_{what}", self.prefix.to_uppercase())
    }

    /// The stream of events.
    pub(super) fn events(&self) -> String {
        self.stream("EVENTS")
    }

    /// The stream of dead letters.
    pub(super) fn dead(&self) -> String {
        self.stream("DEAD")
    }

    /// The stream that keeps what the broker says about deliveries that it gave up.
    pub(super) fn advisories(&self) -> String {
        self.stream("GIVEN_UP")
    }

    /// Where an event is published: `postlude.events.orders.order-recorded.v1.shop`.
    pub(super) fn event(&self, event: &Envelope) -> String {
        let Self { prefix, .. } = self;
        let (domain, name, tenant) = (&event.domain, &event.name, &event.tenant);
        format!(
            "{prefix}.events.{}.{}.v1.{tenant}",
            token(domain),
            token(name)
        )
    }

    /// Every event of a kind, whosever.
    pub(super) fn filter(&self, filter: &Filter) -> String {
        let (domain, name) = (token(&filter.domain), token(&filter.name));
        format!("{}.events.{domain}.{name}.v1.*", self.prefix)
    }

    /// Events for one consumer alone, once more.
    pub(super) fn again(&self, consumer: &str) -> String {
        format!("{}.again.{}", self.prefix, token(consumer))
    }

    /// Dead letters; `None` stands for all.
    pub(super) fn letters(
        &self,
        consumer: Option<&str>,
        tenant: Option<&str>,
        event: Option<&str>,
    ) -> String {
        let part = |name: Option<&str>| name.map_or_else(|| "*".to_owned(), token);
        let (consumer, tenant, event) = (part(consumer), part(tenant), part(event));
        format!("{}.dead.{consumer}.{tenant}.{event}", self.prefix)
    }

    /// Says that an event's content is to be kept no longer.
    pub(super) fn redacted(&self, event: &str) -> String {
        format!("{}.redacted.{}", self.prefix, token(event))
    }

    /// Makes the streams that are missing and corrects the ones that are set up otherwise.
    pub(super) async fn prepare(
        &self,
        context: &Context,
        incarnation: &str,
    ) -> Result<Found, BusError> {
        let prefix = &self.prefix;
        let mut events = self.config(self.events(), KEEP_EVENTS);
        events.subjects = vec![format!("{prefix}.events.>"), format!("{prefix}.again.>")];
        events.allow_atomic_publish = true;
        events.description = Some("Events of Postlude.".to_owned());
        events
            .metadata
            .insert(INCARNATION.to_owned(), incarnation.to_owned());
        let events = ensure(context, events).await?;

        let mut dead = self.config(self.dead(), KEEP_DEAD);
        dead.subjects = vec![format!("{prefix}.dead.>"), format!("{prefix}.redacted.>")];
        // One letter per consumer and event, whoever writes it and however often.
        dead.max_messages_per_subject = 1;
        dead.description = Some("Events that could not be handled.".to_owned());
        ensure(context, dead).await?;

        let mut advisories = self.config(self.advisories(), KEEP_EVENTS);
        advisories.subjects = vec![format!(
            "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{}.>",
            self.events()
        )];
        advisories.description = Some("Deliveries that the broker gave up.".to_owned());
        ensure(context, advisories).await?;
        let incarnation = events
            .metadata
            .get(INCARNATION)
            .cloned()
            .unwrap_or_default();
        Ok(Found { incarnation })
    }

    fn config(&self, name: String, max_age: Duration) -> Config {
        Config {
            name,
            retention: RetentionPolicy::Limits,
            storage: StorageType::File,
            discard: DiscardPolicy::Old,
            max_age,
            duplicate_window: DUPLICATES,
            num_replicas: self.replicas,
            max_messages: -1,
            max_bytes: -1,
            max_messages_per_subject: -1,
            max_consumers: -1,
            allow_direct: true,
            ..Config::default()
        }
    }
}

/// The stream as it is after it was made or corrected. What an operator has set besides what we need
/// stays.
async fn ensure(context: &Context, wanted: Config) -> Result<Config, BusError> {
    let found = match context.get_stream(&wanted.name).await {
        Ok(stream) => stream.cached_info().config.clone(),
        Err(error) if is_missing(&error) => match context.create_stream(&wanted).await {
            Ok(stream) => {
                let made = stream.cached_info().config.clone();
                tracing::info!(stream = wanted.name, "made a stream");
                made
            }
            // Another process may have been faster, with an incarnation of its own.
            Err(error) => match context.get_stream(&wanted.name).await {
                Ok(stream) => stream.cached_info().config.clone(),
                Err(_) => return Err(refused(&wanted.name, error)),
            },
        },
        Err(error) => return Err(BusError::broker(error)),
    };
    if found.storage != wanted.storage {
        return Err(BusError::Setup(format!(
            "the stream {} keeps its messages in memory; it must be on files",
            wanted.name
        )));
    }
    let mut right = found.clone();
    right.subjects = wanted.subjects;
    right.retention = wanted.retention;
    right.max_age = wanted.max_age;
    right.duplicate_window = wanted.duplicate_window;
    right.num_replicas = wanted.num_replicas;
    right.max_messages_per_subject = wanted.max_messages_per_subject;
    right.allow_direct = wanted.allow_direct;
    right.allow_atomic_publish = wanted.allow_atomic_publish;
    if right == found {
        return Ok(found);
    }
    tracing::warn!(
        stream = right.name,
        "a stream is set up otherwise; correcting it"
    );
    let info = context
        .update_stream(&right)
        .await
        .map_err(|error| refused(&right.name, error))?;
    Ok(info.config)
}

fn is_missing(error: &GetStreamError) -> bool {
    matches!(error.kind(), GetStreamErrorKind::JetStream(error)
        if error.error_code() == async_nats::jetstream::ErrorCode::STREAM_NOT_FOUND)
}

/// What the broker itself refuses stays wrong until somebody changes it; what got lost on the way may
/// work in a moment.
fn refused(stream: &str, error: CreateStreamError) -> BusError {
    match error.kind() {
        CreateStreamErrorKind::JetStream(source) => {
            BusError::Setup(format!("the stream {stream} is refused: {source}"))
        }
        CreateStreamErrorKind::EmptyStreamName
        | CreateStreamErrorKind::InvalidStreamName
        | CreateStreamErrorKind::DomainAndExternalSet
        | CreateStreamErrorKind::JetStreamUnavailable
        | CreateStreamErrorKind::TimedOut
        | CreateStreamErrorKind::Response
        | CreateStreamErrorKind::NotFound
        | CreateStreamErrorKind::ResponseParse => BusError::broker(error),
    }
}

/// One part of a subject, and the name of a durable consumer: what means something to the broker is
/// written as `=` and its number.
pub(super) fn token(text: &str) -> String {
    let mut token = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            token.push(char::from(byte));
        } else {
            token.push_str(&format!("={byte:02x}"));
        }
    }
    token
}

/// The text that [`token`] was made of.
pub(super) fn untoken(token: &str) -> String {
    super::message::unescape(&token.replace('=', "%")).unwrap_or_else(|| token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_the_broker_is_no_part_of_a_name() {
        assert_eq!(token("evt_01J-x"), "evt_01J-x");
        assert_eq!(token("a.b *>"), "a=2eb=20=2a=3e");
        assert_eq!(untoken("a=2eb=20=2a=3e"), "a.b *>");
        assert!(Place::new("a.b", 1).is_err());
        assert!(Place::new("postlude", 6).is_err());
    }
}
