//! Deliveries that the broker gave up because nobody lived to answer: a handler that takes its process
//! down each time. The broker says so once, without the event; a stream keeps what it says.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{
    AckKind, Message,
    consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
    stream::RawMessageErrorKind,
};
use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{Shared, dead, message};
use crate::{BusError, meter};

const NAME: &str = "undertaker";
const PULL: Duration = Duration::from_secs(5);
/// After a failure wait as long as the broker's reconnects take.
const AGAIN: Duration = Duration::from_secs(1);

/// What the broker says.
#[derive(Debug, Deserialize)]
struct GivenUp {
    consumer: String,
    stream_seq: u64,
    deliveries: u64,
}

/// Writes dead letters until it is stopped. All replicas share the work.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let mut connection = shared.connection.subscribe();
        let done = tokio::select! {
            () = stop.cancelled() => return,
            _ = connection.changed() => Ok(()),
            done = bury_all(&shared) => done,
        };
        if let Err(error) = done {
            tracing::warn!(%error, "deliveries that were given up can't be read");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }
}

async fn bury_all(shared: &Shared) -> Result<(), BusError> {
    shared.prepare().await?;
    let config = pull::Config {
        durable_name: Some(NAME.to_owned()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: shared.config.ack_wait,
        ..pull::Config::default()
    };
    let consumer: PullConsumer = shared
        .context
        .create_consumer_on_stream(config, shared.place.advisories())
        .await
        .map_err(BusError::broker)?;
    loop {
        let mut batch = consumer
            .batch()
            .max_messages(16)
            .expires(PULL)
            .messages()
            .await
            .map_err(BusError::broker)?;
        while let Some(next) = batch.next().await {
            let message = next.map_err(BusError::broker)?;
            bury(shared, &message).await?;
            message
                .ack_with(AckKind::Ack)
                .await
                .map_err(BusError::broker)?;
        }
    }
}

async fn bury(shared: &Shared, message: &Message) -> Result<(), BusError> {
    let given_up: GivenUp = match serde_json::from_slice(&message.payload) {
        Ok(given_up) => given_up,
        Err(error) => {
            tracing::error!(subject = %message.subject, %error, "not what the broker says of deliveries");
            return Ok(());
        }
    };
    let events = shared
        .context
        .get_stream_no_info(shared.place.events())
        .await
        .map_err(BusError::broker)?;
    let event = match events.get_raw_message(given_up.stream_seq).await {
        Ok(found) => message::envelope(Some(&found.headers), found.payload)?,
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => return Ok(()),
        Err(error) => return Err(BusError::broker(error)),
    };
    let consumer = super::place::untoken(&given_up.consumer);
    let attempts = u32::try_from(given_up.deliveries).unwrap_or(u32::MAX);
    let reason = "no delivery was answered: its handler or its process ended each time";
    tracing::warn!(
        consumer,
        event = event.id,
        attempts,
        "an event goes to the dead letters"
    );
    meter::given_up(&consumer, &event, meter::Death::Unanswered);
    let death = dead::Death {
        consumer: &consumer,
        attempts,
        reason,
    };
    dead::bury_if_unknown(shared, &death, &event).await
}
