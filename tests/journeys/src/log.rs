//! What was told, read from the bus' own log after the platform has ended.

use std::sync::{Arc, Mutex, PoisonError};

use postlude::{Part, Surroundings, platform};
use postlude_bus::{ConsumerSpec, Delivery, Envelope, Filter, Handler, Outcome};
use postlude_proto::DESCRIPTOR_POOL;
use postlude_store::relay;
use tokio_util::sync::CancellationToken;

use crate::{process::Served, wait, world};

/// Every event that a platform which has ended told, oldest first: what was committed and not yet
/// published when it ended is published first.
///
/// # Errors
/// If the log can't be read.
pub async fn read_all(served: &Served) -> anyhow::Result<Vec<Envelope>> {
    let config = platform::load_config(None, world::settings(served.fresh()))?;
    let around = Surroundings::default();
    let bus = platform::open_bus(&config, &around).await?;
    for part in Part::ALL {
        let store = platform::open_store(&config, &around, part).await?;
        relay::drain_once(&store, bus.as_ref()).await?;
        store.close().await;
    }
    let found = Arc::new(Found::default());
    let stop = CancellationToken::new();
    let reader = tokio::spawn({
        let (bus, found, stop) = (Arc::clone(&bus), Arc::clone(&found), stop.clone());
        // A durable consumer that nobody had before starts at the log's beginning.
        let mut spec = ConsumerSpec::new("journeys", "journeys.all", every_event());
        spec.max_in_flight = 1;
        async move { bus.consume(spec, found, stop).await }
    });
    let mut before = None;
    let all = wait::until("the log is read", async || {
        let read = found
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let rest = bus.is_caught_up().await? && !read.is_empty() && before == Some(read.len());
        before = Some(read.len());
        Ok::<_, postlude_bus::BusError>(rest.then_some(read))
    })
    .await;
    stop.cancel();
    reader.await??;
    bus.close().await;
    all
}

/// A filter for each event of the contract.
fn every_event() -> Vec<Filter> {
    let option = DESCRIPTOR_POOL.get_extension_by_name("postlude.options.v1.event");
    let names = |message: prost_reflect::MessageDescriptor| {
        let options = message.options();
        let name = options.get_extension(option.as_ref()?).as_str()?.to_owned();
        let domain = message.package_name().split('.').nth(1)?.replace('_', "-");
        (!name.is_empty()).then(|| Filter::new(domain, name))
    };
    DESCRIPTOR_POOL.all_messages().filter_map(names).collect()
}

#[derive(Default)]
struct Found(Mutex<Vec<Envelope>>);

#[async_trait::async_trait]
impl Handler for Found {
    async fn handle(&self, delivery: Delivery) -> Outcome {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(delivery.envelope);
        Outcome::Done
    }
}
