//! What every replica hears for itself: an ephemeral consumer per listener, in order, without retries.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use futures_util::StreamExt as _;
use postlude_store::Envelope;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use super::{Shared, message};
use crate::{BusError, Filter};

/// How many events a slow listener may lie behind in memory; the rest waits in the stream.
const BUFFER: usize = 64;
const AGAIN: Duration = Duration::from_secs(1);

struct Listener {
    shared: Arc<Shared>,
    subject: String,
    /// The place of the next event, in this incarnation of the stream.
    next: u64,
    incarnation: String,
    sender: mpsc::Sender<Envelope>,
}

pub(super) async fn start(
    shared: &Arc<Shared>,
    filter: &Filter,
    stop: CancellationToken,
) -> Result<ReceiverStream<Envelope>, BusError> {
    let incarnation = shared.prepare().await?;
    let stream = shared
        .context
        .get_stream(shared.place.events())
        .await
        .map_err(BusError::broker)?;
    let next = stream.cached_info().state.last_sequence.saturating_add(1);
    let (sender, receiver) = mpsc::channel(BUFFER);
    let listener = Listener {
        shared: Arc::clone(shared),
        subject: shared.place.filter(filter),
        next,
        incarnation,
        sender,
    };
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = listener.run() => {}
        }
    });
    Ok(ReceiverStream::new(receiver))
}

impl Listener {
    /// It ends when the listener is gone.
    async fn run(mut self) {
        let sender = self.sender.clone();
        loop {
            let mut connection = self.shared.connection.subscribe();
            let heard = tokio::select! {
                () = sender.closed() => return,
                _ = connection.changed() => Ok(()),
                heard = self.hear() => heard,
            };
            if let Err(error) = heard {
                tracing::warn!(%error, "a listener can't read the events");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    async fn hear(&mut self) -> Result<(), BusError> {
        let incarnation = self.shared.prepare().await?;
        if incarnation != self.incarnation {
            // Another stream, with places of its own: all of it is news.
            self.incarnation = incarnation;
            self.next = 1;
        }
        let config = pull::OrderedConfig {
            filter_subject: self.subject.clone(),
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: self.next,
            },
            ..pull::OrderedConfig::default()
        };
        let consumer = self
            .shared
            .context
            .create_consumer_on_stream(config, self.shared.place.events())
            .await
            .map_err(BusError::broker)?;
        let mut events = consumer.messages().await.map_err(BusError::broker)?;
        while let Some(next) = events.next().await {
            let message = next.map_err(BusError::broker)?;
            let place = message.info().map_err(BusError::broker)?.stream_sequence;
            let event = message::envelope(message.headers.as_ref(), message.payload.clone());
            self.next = place.saturating_add(1);
            match event {
                Ok(event) => {
                    if self.sender.send(event).await.is_err() {
                        return Ok(());
                    }
                }
                Err(error) => tracing::error!(place, %error, "a message that is no event"),
            }
        }
        Ok(())
    }
}
