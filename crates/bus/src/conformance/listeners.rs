//! What every replica must hear.

use std::time::Duration;

use postlude_store::Envelope;
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tokio_util::sync::CancellationToken;

use super::{
    Failure, Rig, ensure,
    probe::{event, events, filter},
};

async fn next(stream: &mut ReceiverStream<Envelope>) -> Result<Option<Envelope>, Failure> {
    tokio::time::timeout(Duration::from_secs(10), stream.next())
        .await
        .map_err(|_| Failure("the listener hears nothing".to_owned()))
}

/// A listener hears what is published from now on and meets its filter, in order.
pub async fn hears_from_now_on(rig: &impl Rig) -> Result<(), Failure> {
    let bus = rig.bus();
    bus.publish(events(1, 5)?).await?;
    let stop = CancellationToken::new();
    let mut heard = bus.listen(filter(), stop.clone()).await?;
    let mut other = event("other", "order-1", 1)?;
    other.name = "order-delivered".to_owned();
    bus.publish(vec![other]).await?;
    bus.publish(events(6, 200)?).await?;
    for expected in events(6, 200)? {
        let envelope = next(&mut heard).await?;
        ensure(
            envelope.as_ref() == Some(&expected),
            format!("{expected:?}, not {envelope:?}"),
        )?;
    }
    stop.cancel();
    Ok(())
}

/// Listeners don't share: each hears all.
pub async fn each_listener_hears_all(rig: &impl Rig) -> Result<(), Failure> {
    let bus = rig.bus();
    let stop = CancellationToken::new();
    let mut listeners = vec![
        bus.listen(filter(), stop.clone()).await?,
        bus.listen(filter(), stop.clone()).await?,
    ];
    bus.publish(events(1, 3)?).await?;
    for listener in &mut listeners {
        for expected in events(1, 3)? {
            ensure(
                next(listener).await? == Some(expected),
                "each hears each event",
            )?;
        }
    }
    stop.cancel();
    Ok(())
}

/// Stopped, a listener's stream ends.
pub async fn ends_when_it_is_stopped(rig: &impl Rig) -> Result<(), Failure> {
    let stop = CancellationToken::new();
    let mut heard = rig.bus().listen(filter(), stop.clone()).await?;
    stop.cancel();
    ensure(next(&mut heard).await?.is_none(), "the stream ends")
}
